"""A manifest of another release: an older one lacks fields, and a later one has more (docs/guide/upgrade.md)."""

import json
from pathlib import Path

import pytest

from tests.support.platforms import small_platform
from tests.support.platforms.small_platform import SECOND
from warehouse.versions.manifest import Manifest
from warehouse.versions.versions import Warehouse


@pytest.fixture
def manifest(nights: Path, tmp_path: Path) -> Manifest:
    return Warehouse.of(small_platform.copied(nights, tmp_path, SECOND)).manifest(SECOND)


def test_a_later_release_may_say_more(manifest: Manifest) -> None:
    content = json.loads(manifest.to_json()) | {"weather": "fine", "shards": [1, 2]}
    assert Manifest.from_json(json.dumps(content)) == manifest


def test_an_older_release_said_less(manifest: Manifest) -> None:
    content = json.loads(manifest.to_json())
    del content["seconds"], content["kept_from"], content["lookup_sha256"]
    read = Manifest.from_json(json.dumps(content))
    assert (read.seconds, read.kept_from, read.has_lookup_file) == ({}, "", False)
    assert read.logical_hash == manifest.logical_hash


def test_what_every_release_says_has_to_be_there(manifest: Manifest) -> None:
    content = json.loads(manifest.to_json())
    del content["sha256"]
    with pytest.raises(TypeError):
        Manifest.from_json(json.dumps(content))
