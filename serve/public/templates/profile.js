
// Shows the day that is tapped, pointed at, or reached with the arrow keys; the page is complete without it.
(() => {
  const table = document.querySelector("table"), shown = document.getElementById("day");
  const cells = [...table.querySelectorAll("td[class]")].sort((a, b) => a.textContent < b.textContent ? -1 : 1);
  const last = cells.length - 1;
  const newest = Math.max(last - table.querySelectorAll(".unfinished").length, 0);
  const steps = {ArrowUp: -1, ArrowDown: 1, ArrowLeft: -7, ArrowRight: 7, PageUp: -28, PageDown: 28};
  let at = newest;
  const show = cell => {
    const text = `${cell.parentNode.cells[0].lastChild.textContent} ${cell.textContent}`;
    if (shown.textContent !== text) shown.textContent = text;
  };
  const go = to => {
    cells[at].tabIndex = -1;
    at = Math.min(Math.max(to, 0), last);
    cells[at].tabIndex = 0;
    cells[at].focus({preventScroll: true});
  };
  cells.forEach(cell => { cell.tabIndex = -1; });
  cells[at].tabIndex = 0;
  table.addEventListener("focusin", event => {
    const cell = event.target.closest("td[class]");
    if (cell) {
      cells[at].tabIndex = -1; at = cells.indexOf(cell); cell.tabIndex = 0; show(cell);
      cell.scrollIntoView({block: "nearest", inline: "nearest"});  // unlike focus() it minds what the weekdays cover
    }
  });
  table.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = {Home: 0, End: last}[event.key] ?? at + (steps[event.key] ?? NaN);
    if (!Number.isNaN(to)) { event.preventDefault(); go(to); }
  });
  table.addEventListener("pointerover", event => {
    const cell = event.target.closest("td[class]");
    if (cell) show(cell);
  });
  table.addEventListener("pointerleave", () => show(cells[at]));
})();
