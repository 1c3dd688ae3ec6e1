"""What is written: whole or not at all, through devices and pipes, with links and permissions as they were."""

import os
import stat
import threading

import pytest

from chainrule.system.files import is_device, whole_text, write_whole

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, pipes and shells are other ones on Windows")


def test_a_pipe_is_written_through_and_stays_one(tmp_path):
    place = tmp_path / "pipe"
    os.mkfifo(place)
    found = []
    reader = threading.Thread(target=lambda: found.append(place.read_bytes()))
    reader.start()
    write_whole(place, "ŷ")
    reader.join()
    assert found == ["ŷ".encode()]
    assert stat.S_ISFIFO(place.stat().st_mode)
    assert is_device(place)


def test_a_device_is_written_through():
    before = os.stat(os.devnull)
    write_whole(os.devnull, "text")
    with whole_text(os.devnull) as file:
        file.write("text")
    assert os.path.samestat(before, os.stat(os.devnull))
    assert is_device(os.devnull)


def test_standard_output_is_written_behind_what_is_there(tmp_path):
    place = tmp_path / "out.txt"
    place.write_text("first\n")
    with place.open("a") as file:
        write_whole(f"/proc/self/fd/{file.fileno()}", "second\n")
    assert place.read_text() == "first\nsecond\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_one_and_its_target_is_written(tmp_path, there):
    target, link = tmp_path / "folder" / "real.txt", tmp_path / "link.txt"
    target.parent.mkdir()
    if there:
        target.write_text("old")
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_of_a_file_that_is_replaced_are_kept(tmp_path, mode):
    place = tmp_path / "grades.csv"
    place.write_text("old")
    place.chmod(mode)
    write_whole(place, "new")
    assert stat.S_IMODE(place.stat().st_mode) == mode


def test_a_new_private_file_is_its_owners_alone(tmp_path):
    write_whole(tmp_path / "grades.csv", "1", private=True)
    write_whole(tmp_path / "page.html", "1")
    mask = os.umask(0)
    os.umask(mask)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("grades.csv", "page.html")]
    assert modes == [0o600, 0o666 & ~mask]


def test_errors_name_the_file_that_was_asked_for(tmp_path):
    place = tmp_path / "none" / "file.txt"
    with pytest.raises(FileNotFoundError) as error:
        write_whole(place, "1")
    assert error.value.filename == str(place)
    with pytest.raises(IsADirectoryError) as error:
        write_whole(tmp_path, "1")
    assert error.value.filename == str(tmp_path)


def test_nothing_is_left_and_nothing_lost_where_writing_ends_early(tmp_path):
    place = tmp_path / "file.txt"
    place.write_text("old")

    def attempt():
        with whole_text(place) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt()
    assert place.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_link_to_itself_is_refused_and_stays_one(tmp_path):
    place = tmp_path / "loop.svg"
    place.symlink_to(place)
    with pytest.raises(OSError, match="symbolic links") as error:
        write_whole(place, "1")
    assert error.value.filename == str(place)
    assert place.is_symlink()
    assert os.listdir(tmp_path) == ["loop.svg"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone may give files away")
def test_the_owner_of_a_file_that_is_replaced_is_kept(tmp_path):
    place = tmp_path / "grades.csv"
    place.write_text("old")
    os.chown(place, 1234, 2345)
    place.chmod(0o640)
    write_whole(place, "new")
    found = place.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o640)


def test_a_file_that_may_not_be_so_large_is_named(tmp_path):
    import resource
    import signal

    before, heard = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    (tmp_path / "file").write_text("old")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        with pytest.raises(OSError, match="File too large") as error:
            write_whole(tmp_path / "file", "1" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert error.value.filename == str(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"
