/* Makes the Nth call that changes a folder fail, and tells of it: what a full or broken disk does (FAULTS 2).

   Loaded with LD_PRELOAD. The environment is read at every call, so that a forked process can say what is to fail:

   FAILING_IO_BELOW  the folder: calls on files below it count, all others pass
   FAILING_IO_AT     which of them fails, from 1; 0 or nothing: none
   FAILING_IO_ERRNO  with which number
   FAILING_IO_LASTS  if set, all later ones fail too, as on a full disk; but for renames, which take no room
   FAILING_IO_CONNECT  if set, calls of connect() count instead
   FAILING_IO_TELL   a file that gets the name and the path of the call that failed

   DuckDB writes with write() and pwrite64(), Arrow with write(), Python with both and writev(); all sync with fsync(). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_int calls;

static int fails(const char *call, const char *path) {
    const char *at = getenv("FAILING_IO_AT"), *number = getenv("FAILING_IO_ERRNO"), *tell = getenv("FAILING_IO_TELL");
    int wanted = at ? atoi(at) : 0, count;
    if (wanted == 0 || number == NULL) return 0;
    count = atomic_fetch_add(&calls, 1) + 1;
    if (count != wanted && !(count > wanted && getenv("FAILING_IO_LASTS") && strncmp(call, "rename", 6) != 0)) return 0;
    if (tell && count == wanted) {
        char line[PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", call, path);
        int file = (int)syscall(SYS_openat, AT_FDCWD, tell, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        syscall(SYS_write, file, line, (size_t)length);
        syscall(SYS_close, file);
    }
    errno = atoi(number);
    return 1;
}

static int is_below(const char *path) {
    const char *folder = getenv("FAILING_IO_BELOW");
    size_t length = folder ? strlen(folder) : 0;
    return length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/' && !getenv("FAILING_IO_CONNECT");
}

static int fails_on(const char *call, const char *path) { return path && is_below(path) && fails(call, path); }

static int fails_on_file(const char *call, int file) {
    char link[64], path[PATH_MAX];
    if (!getenv("FAILING_IO_BELOW")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails_on(call, path);
}

#define ON_FILE(result, name, parameters, ...)                  \
    result name parameters {                                    \
        return fails_on_file(#name, file) ? -1 : REAL(name)(__VA_ARGS__); \
    }
#define ON_PATH(result, name, path, parameters, ...)            \
    result name parameters {                                    \
        return fails_on(#name, path) ? -1 : REAL(name)(__VA_ARGS__); \
    }

ON_FILE(ssize_t, write, (int file, const void *bytes, size_t size), file, bytes, size)
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t at), file, bytes, size, at)
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t at), file, bytes, size, at)
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), file, parts, count)
ON_FILE(ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), file, parts, count, at)
ON_FILE(int, fsync, (int file), file)
ON_FILE(int, fdatasync, (int file), file)
ON_FILE(int, ftruncate, (int file, off_t size), file, size)
ON_FILE(int, ftruncate64, (int file, off64_t size), file, size)
ON_FILE(int, fallocate, (int file, int mode, off_t at, off_t size), file, mode, at, size)
ON_FILE(int, posix_fallocate, (int file, off_t at, off_t size), file, at, size)
ON_PATH(int, rename, to, (const char *from, const char *to), from, to)
ON_PATH(int, renameat, to, (int here, const char *from, int there, const char *to), here, from, there, to)
ON_PATH(int, symlink, path, (const char *target, const char *path), target, path)

/* Making a folder that is there changes nothing, and fails in any case. */
int mkdir(const char *path, mode_t mode) {
    return access(path, F_OK) != 0 && fails_on("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}

#define OPENS(name)                                             \
    int name(const char *path, int flags, ...) {                \
        mode_t mode = 0;                                        \
        if (flags & O_CREAT) {                                  \
            va_list more;                                       \
            va_start(more, flags);                              \
            mode = va_arg(more, mode_t);                        \
            va_end(more);                                       \
        }                                                       \
        if ((flags & O_CREAT) && fails_on(#name, path)) return -1; \
        return REAL(name)(path, flags, mode);                   \
    }
OPENS(open)
OPENS(open64)

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    if (getenv("FAILING_IO_CONNECT") && fails("connect", "a socket")) return -1;
    return REAL(connect)(socket, address, length);
}
