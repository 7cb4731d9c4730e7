"""What regulars.toml and the command line get wrong is told before any work begins, with the way out."""

import pytest

from cli.corner import EVENTS, TABLES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[methods.itemknn]", "regulars.toml: there is no method itemknn; did you mean item_knn? The methods are"),
        ('[methods.mine]\nmethod = "alss"', "there is no method alss; did you mean als?"),
        ("[methods.als]\nfactor = 8", "regulars.toml: [methods.als] has no factor; did you mean factors? It has"),
        ('[methods.als]\nfactors = "many"', "[methods.als] factors must be of type int; it is 'many'"),
        ("[methods.als]\nfactors = true", "[methods.als] factors must be of type int; it is True"),
        ("[methods.als]\nfactors = 1", "[methods.als] factors must be from 4 to"),
        ('[blends.b]\nof = ["alss"]', "[blends.b]: there is no method alss; did you mean als?"),
        ('[blends.b]\nof = ["als"]\n[blends.c]\nof = ["b"]', "[blends.c]: of must name methods; b is a blend"),
        ("[blends.b]\nof = []", "[blends.b]: of must name one method at least; it is empty"),
        ('[blends.b]\nof = ["als"]\nweights = [1, 2]', "[blends.b]: weights must be 1 numbers above 0, one for each"),
        ('[blends.b]\nof = ["als"]\nweights = [0]', "they are [0.0]"),
        ('[blends.als]\nof = ["ease"]', "[blends.als]: that is the name of a method too; give the blend another name"),
        (
            '[blends.b]\nof = ["als"]\nlearner = "deep"',
            "[blends.b]: learner must be one of linear, trees, or empty; it is",
        ),
        (
            '[blends.b]\nof = ["als"]\nlearner = "linear"\nconstant = 5',
            "finds out by itself whom to trust; take out constant",
        ),
        (
            '[routes.r]\nof = ["als"]\nevents = [0, 1]',
            "[routes.r]: events must be 1 whole numbers from 0 on, one for each",
        ),
        ('[routes.r]\nof = ["als"]', "[routes.r] lacks events"),
        ('[routes.r]\nof = ["alss"]\nevents = [0]', "[routes.r]: there is no method alss; did you mean als?"),
        ("[routes.r]\nof = []\nevents = []", "[routes.r]: of must name one method at least; it is empty"),
        ('[routes.als]\nof = ["ease"]\nevents = [0]', "[routes.als]: that is the name of a method too; give the route"),
        (
            '[routes.r]\nof = ["als"]\nevents = [0]\nattributes = [[], []]',
            "attributes must be 1 lists of columns, one for",
        ),
        (
            '[routes.r]\nof = ["als"]\nevents = [0]\n[routes.s]\nof = ["r"]\nevents = [0]',
            "[routes.s]: of must name methods, blends and pipelines; r is a route",
        ),
        (
            '[split]\nkind = "tme"',
            "[split] kind must be one of time, last, ratio, strong, cold, given, fold; it is 'tme'",
        ),
        (
            'decides = "rmse"',
            "[recommend] has no decides. It has k, exclude_seen, available, history, method, fallback.",
        ),
        ("[split]\nday = 3", "[split] has no day; did you mean days? It has days, date, kinds, strangers"),
        ("[split]\ndays = -3", "[split] days must be from 1e-05 to 36500.0; it is -3.0"),
        ("[check]\nmin_users = 3", "[check] has no min_users; did you mean min_user_events?"),
        ('[check]\nsession_gap_minutes = "long"', "[check] session_gap_minutes must be of type float; it is 'long'"),
        ('[time]\nzone = "Berlin"', "[time]: time zone 'Berlin' is unknown; write it like UTC or Europe/Berlin"),
    ],
)
def test_a_misspelled_name_or_setting_is_told_by_every_command(shop, text, said):
    shop.write(f"{TABLES}{text}\n", rest=False)
    answer = shop.run("check")
    assert answer.code == 4
    assert said in answer.said
    assert not shop.output.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('paths = ["events.csv"]', 'kind = "view"', '[events]: needs either paths = ["log.csv"] or url ='),
        ('paths = ["events.csv"]', 'paths = ["events.csv"]\nurl = "sqlite:///a"', "both are there"),
        ('paths = ["events.csv"]', 'url = "sqlite:///a"', "[events]: a table in a database needs either `table`"),
        ('paths = ["events.csv"]', 'paths = ["events.csv"]\nformat = "xls"', "[events]: format must be one of"),
        ("k = 5", 'fallback = ["pop"]', "[recommend]: there is no method pop"),
        ("k = 5", 'method = "itemknn"', "[recommend]: there is no method itemknn; did you mean item_knn?"),
    ],
)
def test_a_table_that_cannot_be_is_told_with_its_name(shop, old, new, said):
    answer = shop.write(TABLES.replace(old, new)).run("check")
    assert answer.code == 4
    assert said in answer.said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = ["title"]', 'name = ["titel"]', "name of [items]: the shop has no titel; did you mean title? It has"),
        ('category = "category"', 'category = "catgory"', "has no catgory; did you mean category? It has title,"),
        ('paths = ["events.csv"]', 'paths = ["events.csv"]\ncolumns = {user = "buyer"}', "'buyer', which is not there"),
    ],
)
def test_a_column_that_is_not_there_is_told_by_check_with_those_that_are(shop, old, new, said):
    answer = shop.write(TABLES.replace(old, new)).run("check")
    assert answer.code == 3
    assert said in answer.said


def test_a_meaning_that_there_is_not_is_told_with_those_that_there_are(shop):
    mapped = 'paths = ["events.csv"]\ncolumns = {usr = "customer_id"}'
    answer = shop.write(TABLES.replace('paths = ["events.csv"]', mapped)).run("check")
    assert answer.code in (3, 4)
    assert "'usr'" in answer.said
    assert "user, item, time, kind" in answer.said


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (
            "onshelf",
            "available of [recommend]: the table of items has no onshelf; did you mean on_shelf? It has title,",
        ),
        ("title", "wants a column of true and false, or of numbers in stock; title holds '"),
    ],
)
def test_what_is_available_must_be_told_by_yes_and_no(shop, column, said):
    shop.write(TABLES.replace("k = 5", f'available = "{column}"'))
    answer = shop.run("compare")
    assert answer.code == 3
    assert said in answer.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "-m", "itemknn"), "there is no method itemknn; did you mean item_knn? The methods are popularity,"),
        (("fit", "-m", "boths"), "did you mean both? "),
        (("compare", "-m", "itemknn"), "of your own: both"),
        (("evaluate", "itemknn"), "there is no method itemknn"),
    ],
)
def test_a_method_that_there_is_not_is_told_with_those_that_there_are(shop, words, said):
    answer = shop.run(*words)
    assert answer.code == 4
    assert said in answer.said


@pytest.mark.parametrize(
    "words",
    [
        ("chek",),
        ("check", "--strct"),
        ("similar",),
        ("similar", "0001", "-k", "0"),
        ("recommend", "-k", "-1"),
        ("evaluate", "als", "--on", "tset"),
        ("fit", "--threads", "-1"),
    ],
)
def test_a_command_line_that_cannot_be_understood_exits_with_2(shop, words):
    answer = shop.run(*words)
    assert answer.code == 2
    assert "Try 'regulars" in answer.err


def test_a_test_longer_than_the_log_allows_says_how_long_it_may_be(shop):
    answer = shop.write(TABLES + "[split]\ndays = 100\n", rest=False).run("compare")
    assert answer.code == 3
    assert "the log covers 119.8 days, so that nothing is left to learn from. Set days to 30 or less" in answer.said
    shop.write(TABLES + "[split]\ndays = 30\n[methods.popularity]\n", rest=False).ok("compare")


def test_a_test_by_time_without_times_says_what_to_do_instead(bare):
    bare.text("user,item\n" + "".join(f"{n % 9},{n % 7}\n" for n in range(60)))
    answer = bare.run("compare")
    assert answer.code == 3
    assert 'Name it under [events.columns] in regulars.toml: time = "COLUMN"' in answer.said
    assert '[split] kind = "strong", random = true' in answer.said


def test_kinds_to_foretell_that_the_log_does_not_know_are_told_with_those_it_knows(shop):
    answer = shop.write(TABLES + '[split]\ndays = 20\nkinds = ["buy"]\n', rest=False).run("compare")
    assert answer.code == 4
    assert "regulars.toml [split]: kinds must be of ['view', 'cart', 'purchase', 'return']" in answer.said


def test_a_date_that_is_none_is_told(shop):
    answer = shop.write(TABLES + '[split]\ndate = "soon"\n', rest=False).run("compare")
    assert answer.code == 4
    assert "date must look like 2026-01-31; it is 'soon'" in answer.said


def test_a_log_in_which_nobody_wanted_anything_teaches_nothing(bare):
    bare.write(EVENTS + "[kinds]\nview = -1\n").text("user,item,time,event\n1,2,2024-01-01,view\n")
    answer = bare.run("fit", "--method", "item_knn")
    assert answer.code == 3
    assert "give one kind of event at least a positive weight under [kinds]" in answer.said
