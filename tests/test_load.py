"""Loading: which files are read, in which order, and that nothing unreadable passes for empty."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import FleetError
from reconciler.fleet import Fleet, Store
from reconciler.load import find_fleet, load_fleet, load_manifests

FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {name: ml-platform, id: 7f3a9c04d2b81e66}
vars: [IMAGE_TAG]
secrets: [HF_TOKEN]
targets:
  runai-prod:
    provider: runai
    url: https://acme.run.ai
    auth: {clientId: "${{ vars.RUNAI_CLIENT_ID }}", clientSecret: "${{ secrets.RUNAI_CLIENT_SECRET }}"}
    scope: {projects: [team-nlp]}
guard:
  maxDestroy: {count: 3}
allowedHosts: ["*.acme.com"]
lifecycle: {onRemove: Keep}
health: {timeout: 1h30m}
"""


GIT = "journal: {store: git"
SPELT_OUT = "https://x:hunter22@example.com/state.git"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "manifests").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(FLEET)
    return folder


@pytest.fixture
def fleet(home: Path) -> Fleet:
    return load_fleet(cwd=home)


def write(home: Path, name: str, text: str = "a: 1\n") -> Path:
    path = home / "manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def refusal(text: str, tmp_path: Path) -> list[tuple[str, str]]:
    (tmp_path / "fleet.yaml").write_text(text)
    with pytest.raises(FleetError) as caught:
        load_fleet("fleet.yaml", cwd=tmp_path)
    return [(problem.code, problem.what) for problem in caught.value.problems]


def test_the_fleet_file_is_found_upwards(home: Path) -> None:
    (home / "a" / "b").mkdir(parents=True)

    assert find_fleet(home / "a" / "b") == home / "reconciler.yaml"


def test_no_fleet_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FleetError) as caught:
        find_fleet(tmp_path)

    assert caught.value.problems[0].code == "RC202"
    assert "reconciler init" in caught.value.problems[0].hint


def test_a_fleet_file_becomes_a_fleet(fleet: Fleet, home: Path) -> None:
    assert (fleet.name, fleet.id, fleet.file) == ("ml-platform", "7f3a9c04d2b81e66", "reconciler.yaml")
    assert fleet.root == str(home)
    assert fleet.manifests == ("manifests",)
    assert fleet.limits.destroy_count == 3
    assert fleet.limits.destroy_percent == 20.0
    assert fleet.targets["runai-prod"].scopes == ("team-nlp",)
    assert fleet.default_lifecycle.on_remove == "Keep"
    assert fleet.default_health.timeout_s == 5400


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("maxDestroy", "maxDestory"), "RC201", 'unknown field "maxDestory"'),
        (("id: 7f3a9c04d2b81e66", "id: 7f3a"), "RC201", 'id is "7f3a"'),
        (("provider: runai", "provider: runay"), "RC201", 'provider is "runay"'),
        (("    url:", "    uri:"), "RC201", 'unknown field "uri"'),
        (("onRemove: Keep", "state: Stopped, protect: true"), "RC110", "what is protected is never stopped"),
        (("onRemove: Keep", "adopt: 8c2b"), "RC110", "lifecycle.adopt is for one manifest"),
        (("{count: 3}", "{percent: 150}"), "RC201", "percent is 150, not at most 100"),
        (("{count: 3}", "{percent: -1}"), "RC201", "percent is -1, not at least 0"),
        (("{count: 3}", "{count: 3}\n  maxGpuHoursLost: -5"), "RC201", "maxGpuHoursLost is -5"),
        (("1h30m", "soon"), "RC201", "not a duration"),
        (("[IMAGE_TAG]", "[IMAGE-TAG]"), "RC201", "IMAGE-TAG"),
        (("name: ml-platform", "name: '${{ vars.X }}'"), "RC111", "wrong place"),
        (("https://acme.run.ai", "https://${{ vars.TENANT }}.run.ai"), "RC111", "not listed"),
        (("${{ secrets.RUNAI_CLIENT_SECRET }}", "ghp_abcdefghijklmnopqrstuvwxyz01"), "RC112", "GitHub token"),
        (("${{ secrets.RUNAI_CLIENT_SECRET }}", "mysecretvalue123"), "RC112", "clientSecret is written out"),
        (("apiVersion: reconciler/v1", "apiVersion: v1"), "RC201", 'apiVersion is "v1"'),
        (("targets:", "targets: {}\nother:"), "RC201", "targets"),
        (("kind: Fleet", "kind: Fleet\nkind: Fleet"), "RC101", "twice"),
        (("guard:", "journal: {store: s3}\nguard:"), "RC201", 'store is "s3"'),
        (("guard:", "journal: {remote: origin}\nguard:"), "RC201", "journal.remote is for store: git"),
        (("guard:", f"{GIT}, leaseTimeout: 59s}}\nguard:"), "RC201", "leaseTimeout is 59s"),
        (("guard:", f"{GIT}, leaseTimeout: 25h}}\nguard:"), "RC201", "leaseTimeout is 25h"),
        (("guard:", f"{GIT}, leaseTimeout: long}}\nguard:"), "RC201", "not a duration"),
        (("guard:", f"{GIT}, remote: --exec=sh}}\nguard:"), "RC201", "journal.remote is no name"),
        (("guard:", f"{GIT}, remote: 'ext::sh -c id'}}\nguard:"), "RC201", "journal.remote is no name"),
        (("guard:", f"{GIT}, remote: '{SPELT_OUT}'}}\nguard:"), "RC201", "remote holds a credential"),
    ],
)
def test_a_wrong_fleet_file_is_refused(
    change: tuple[str, str], code: str, words: str, tmp_path: Path
) -> None:
    found = refusal(FLEET.replace(*change), tmp_path)

    assert [what for said, what in found if said == code and words in what], found


def test_a_password_in_a_remote_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET + f"{GIT}, remote: '{SPELT_OUT}'}}\n")

    with pytest.raises(FleetError) as caught:
        load_fleet("fleet.yaml", cwd=tmp_path)

    assert "hunter22" not in "".join(map(repr, caught.value.problems))


def test_the_journal_is_this_machines_unless_the_fleet_file_says_git(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET + "journal: {store: git, leaseTimeout: 2m, remote: state}\n")
    (tmp_path / "usual.yaml").write_text(FLEET + "journal: {store: git}\n")

    assert fleet.journal == Store(is_shared=False)
    assert load_fleet("fleet.yaml", cwd=tmp_path).journal == Store(True, "state", 120.0)
    assert load_fleet("usual.yaml", cwd=tmp_path).journal == Store(True, "origin", 900.0)


def test_every_error_of_the_fleet_file_has_a_place(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(FLEET.replace("vars:", "varz:").replace("count: 3", "count: three"))

    with pytest.raises(FleetError) as caught:
        load_fleet("fleet.yaml", cwd=tmp_path)

    assert [str(problem.location) for problem in caught.value.problems] == [
        "fleet.yaml:4:1",
        "fleet.yaml:13:23",
    ]


@pytest.mark.parametrize("text", ["", "---\n---\n", f"{FLEET}---\n{FLEET}", "- a\n"])
def test_a_fleet_file_holds_one_mapping(text: str, tmp_path: Path) -> None:
    assert refusal(text, tmp_path)[0][0] == "RC201"


def test_a_fleet_file_may_lie_outside_the_checkout(home: Path, tmp_path: Path) -> None:
    write(home, "a.yaml")
    (tmp_path / "elsewhere").mkdir()

    fleet = load_fleet(home / "reconciler.yaml", cwd=tmp_path / "elsewhere")
    loaded = load_manifests((), fleet, cwd=tmp_path / "elsewhere")

    assert fleet.file == str(home / "reconciler.yaml")
    assert loaded.files == ("../checkout/manifests/a.yaml",)


def test_folders_are_read_whole_in_the_order_of_names(home: Path, fleet: Fleet) -> None:
    for name in ("b.yaml", "a.yml", "z/a.yaml", "c/d/e.yaml", "notes.txt", ".hidden/a.yaml", ".swp.yaml"):
        write(home, name)

    loaded = load_manifests((), fleet, cwd=home)

    names = ("manifests/a.yml", "manifests/b.yaml", "manifests/c/d/e.yaml", "manifests/z/a.yaml")
    assert loaded.files == names
    assert [document.file for document in loaded.documents] == list(names)
    assert loaded.path_of("manifests/a.yml") == home / "manifests" / "a.yml"


def test_a_file_given_twice_is_read_once(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml")

    loaded = load_manifests(("manifests", "manifests/a.yaml", "./manifests"), fleet, cwd=home)

    assert len(loaded.documents) == 1


def test_the_fleet_file_is_no_manifest(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml")

    assert load_manifests((".",), fleet, cwd=home).files == ("manifests/a.yaml",)


def test_a_dash_reads_standard_input(home: Path, fleet: Fleet) -> None:
    loaded = load_manifests(("-",), fleet, cwd=home, read_stdin=lambda: b"a: 1\n---\nb: 2\n")

    assert [document.value for document in loaded.documents] == [{"a": 1}, {"b": 2}]
    assert loaded.documents[0].file == "<stdin>"


def test_a_folder_without_a_fleet_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FleetError) as caught:
        load_fleet(".", cwd=tmp_path)

    assert [problem.code for problem in caught.value.problems] == ["RC202"]
    assert "reconciler.yaml" in caught.value.problems[0].what


def test_an_empty_folder_has_no_documents_and_no_problems(home: Path, fleet: Fleet) -> None:
    loaded = load_manifests((), fleet, cwd=home)

    assert loaded.is_whole
    assert not loaded.documents


@pytest.mark.parametrize("name", ["nowhere", "manifests/nowhere.yaml", "-"])
def test_a_missing_input_is_a_problem(name: str, home: Path, fleet: Fleet) -> None:
    loaded = load_manifests((name,), fleet, cwd=home)

    assert [problem.code for problem in loaded.problems] == ["RC100"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_a_problem(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml").chmod(0)

    assert "permission denied" in load_manifests((), fleet, cwd=home).problems[0].what


def test_a_pipe_is_refused_and_not_waited_for(home: Path, fleet: Fleet) -> None:
    os.mkfifo(home / "manifests" / "pipe.yaml")

    assert "not a regular file" in load_manifests((), fleet, cwd=home).problems[0].what


def test_a_device_is_refused(home: Path, fleet: Fleet) -> None:
    assert "not a regular file" in load_manifests(("/dev/zero",), fleet, cwd=home).problems[0].what


@pytest.mark.parametrize("link", ["manifests/out.yaml", "manifests/out"])
def test_a_link_out_of_the_folder_is_refused(link: str, home: Path, fleet: Fleet) -> None:
    outside = home.parent / "outside"
    outside.mkdir()
    (outside / "a.yaml").write_text("a: 1\n")
    (home / link).symlink_to(outside / "a.yaml" if link.endswith(".yaml") else outside)

    assert "leads out" in load_manifests((), fleet, cwd=home).problems[0].what


def test_a_link_inside_the_folder_is_followed(home: Path, fleet: Fleet) -> None:
    target = write(home, "a/real.yaml")
    (home / "manifests" / "b.yaml").symlink_to(target)

    assert len(load_manifests((), fleet, cwd=home).documents) == 1


@pytest.mark.parametrize("aim", ["..", "."])
def test_a_loop_of_links_ends(aim: str, home: Path, fleet: Fleet) -> None:
    (home / "manifests" / "sub").mkdir()
    (home / "manifests" / "sub" / "loop").symlink_to(aim)

    assert "link leads back" in load_manifests((), fleet, cwd=home).problems[0].what


def test_a_link_to_itself_is_a_problem(home: Path, fleet: Fleet) -> None:
    (home / "manifests" / "a.yaml").symlink_to("a.yaml")

    assert load_manifests((), fleet, cwd=home).problems[0].code == "RC100"


def test_a_file_too_large_is_not_read(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml", "#" * ((1 << 20) + 1))

    assert "larger than" in load_manifests((), fleet, cwd=home).problems[0].what


def test_a_git_lfs_pointer_is_named(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")

    assert load_manifests((), fleet, cwd=home).problems[0].hint == "run git lfs pull"


def test_problems_of_all_files_are_reported_at_once(home: Path, fleet: Fleet) -> None:
    write(home, "a.yaml", "a: [\n")
    write(home, "b.yaml", "a: 1\na: 2\n")
    write(home, "c.yaml")

    loaded = load_manifests((), fleet, cwd=home)

    assert {problem.location.file for problem in loaded.problems if problem.location} == {
        "manifests/a.yaml",
        "manifests/b.yaml",
    }
    assert len(loaded.documents) == 2


def test_the_credentials_of_an_emulator_are_no_secret(home: Path) -> None:
    text = FLEET.replace("${{ secrets.RUNAI_CLIENT_SECRET }}", "demo-secret")
    (home / "reconciler.yaml").write_text(text.replace("https://acme.run.ai", "http://127.0.0.1:8470"))

    assert load_fleet(cwd=home).targets


@pytest.mark.parametrize("url", ["https://[", "http://demo.example"])
def test_a_url_that_cannot_be_read_hides_no_credential(url: str, tmp_path: Path) -> None:
    text = FLEET.replace("${{ secrets.RUNAI_CLIENT_SECRET }}", "demo-secret")

    assert "RC112" in [code for code, _ in refusal(text.replace("https://acme.run.ai", url), tmp_path)]


def test_a_folder_stands_for_the_fleet_file_in_it(home: Path) -> None:
    assert load_fleet(".", cwd=home).file == "reconciler.yaml"
