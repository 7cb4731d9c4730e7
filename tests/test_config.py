"""regulars.toml: what it may say, and what is said of what it may not."""

import pytest

from regulars.config import Config, read
from regulars.core.errors import ConfigError

HERE = 'events.paths = ["log.csv"]\n'


def written(folder, text):
    path = folder / "regulars.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistake(folder, text):
    with pytest.raises(ConfigError) as caught:
        read(written(folder, text))
    said = str(caught.value)
    assert said.startswith(f"{folder / 'regulars.toml'}")
    return said.removeprefix(f"{folder / 'regulars.toml'}: ")


def test_the_least_file_takes_every_default(tmp_path):
    config = read(written(tmp_path, HERE))
    assert [table.paths for table in config.events] == [("log.csv",)]
    assert (config.recommend.k, config.recommend.fallback, config.output) == (10, ("popularity",), "regulars-out")


def test_one_table_or_path_needs_no_brackets(tmp_path):
    one = read(written(tmp_path, '[events]\npaths = "log.csv"\n[items]\nname = "title"\n'))
    many = read(written(tmp_path, '[[events]]\npaths = ["log.csv"]\n[items]\nname = ["title"]\n'))
    assert one == many


def test_several_logs_stay_apart(tmp_path):
    config = read(
        written(tmp_path, '[[events]]\npaths="a.csv"\nkind="view"\n[[events]]\nurl="sqlite:///b"\ntable="t"\n')
    )
    assert [table.kind for table in config.events] == ["view", ""]


def test_a_mark_of_utf8_at_the_beginning_does_no_harm(tmp_path):
    assert read(written(tmp_path, "\ufeff" + HERE)) == Config.model_validate({"events": {"paths": ["log.csv"]}})


def test_a_missing_file_names_the_command_that_writes_one(tmp_path):
    with pytest.raises(ConfigError, match=r"there is no .*regulars.toml; write one with: regulars init PATH"):
        read(tmp_path / "regulars.toml")


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory\. --config wants a file"):
        read(tmp_path)


def test_a_file_of_another_kind_is_no_configuration(tmp_path):
    path = tmp_path / "regulars.toml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff")
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[events\npaths = 3", "line 1"),
        ("", 'the file lacks [events], such as events.paths = ["log.csv"]'),
        ("events = []", "events must be one table at least; it is []"),
        (HERE + "recomend.k = 3", "the top of the file has no recomend; did you mean recommend? It has name, output,"),
        (HERE + "recommend.exclude_sen = true", "[recommend] has no exclude_sen; did you mean exclude_seen? It has k,"),
        (HERE + "recommend.colour = 1", "[recommend] has no colour. It has k, exclude_seen,"),
        (HERE + "recommend.seed = 1", "seed belongs at the top of the file, before the first table"),
        (HERE + 'recommend.k = "five"', "[recommend] k must be a whole number; it is 'five'"),
        (HERE + "recommend.k = 2.5", "[recommend] k must be a whole number; it is 2.5"),
        (HERE + "recommend.k = 0", "[recommend] k must be at least 1; it is 0"),
        (HERE + "threads = -1", "threads must be at least 0; it is -1"),
        (HERE + "recommend.available = true", "[recommend] available must be a text in quotes; it is True"),
        (HERE + 'recommend.exclude_seen = "perhaps"', "exclude_seen must be true or false; it is 'perhaps'"),
        (HERE + 'kinds.view = "much"', "[kinds] view must be a number; it is 'much'"),
        (HERE + "methods.als = 3", "[methods] als must be a table; it is 3"),
        (HERE + "blends.b.weights = [1]", "[blends.b] lacks of"),
        (HERE + 'blends.b.of = ["als"]\nblends.b.weight = [1]', "[blends.b] has no weight; did you mean weights?"),
        ("events.paths = [1]", "[events] paths no. 1 must be a text in quotes; it is 1"),
        ('[[events]]\npaths="a"\n[[events]]\npath="b"', "[events] no. 2 has no path; did you mean paths?"),
    ],
)
def test_a_mistake_says_where_what_was_wanted_and_what_came(tmp_path, text, said):
    assert said in mistake(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path):
    said = mistake(tmp_path, HERE + 'threads = -1\nseed = "x"\n[recommend]\nk = 0\n')
    assert [line.split()[0] for line in said.splitlines()] == ["seed", "threads", "[recommend]"]
