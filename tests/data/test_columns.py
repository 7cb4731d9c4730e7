"""Columns: guessed from the names that this field uses; doubt is told and never settled in silence."""

import pytest

from regulars.core.errors import ConfigError, MissingColumn
from regulars.data.columns import guess


@pytest.mark.parametrize(
    ("found", "user", "item", "time"),
    [
        (["user_id", "item_id", "timestamp"], "user_id", "item_id", "timestamp"),
        (["USER_ID", "ITEM_ID", "TIMESTAMP"], "USER_ID", "ITEM_ID", "TIMESTAMP"),
        (["visitorId", "product.id", "eventTime"], "visitorId", "product.id", "eventTime"),
        (["entityId", "targetEntityId", "sentAt"], "entityId", "targetEntityId", "sentAt"),
        (["CustomerID", "StockCode", "InvoiceDate"], "CustomerID", "StockCode", "InvoiceDate"),
        (
            ["household_id", "product_id", "transaction_timestamp"],
            "household_id",
            "product_id",
            "transaction_timestamp",
        ),
        (["customer_id", "article_id", "t_dat"], "customer_id", "article_id", "t_dat"),
        (["userInfo.userId", "objectID", "datetime"], "userInfo.userId", "objectID", "datetime"),
        (["event.user.id", "event.product.id", "event.ts"], "event.user.id", "event.product.id", "event.ts"),
        (["Member No", "sku", "Order Date"], "", "sku", "Order Date"),
    ],
)
def test_the_names_of_this_field_are_known(found, user, item, time):
    if not user:
        with pytest.raises(MissingColumn, match=r'user = "COLUMN" under \[events.columns\]'):
            guess(found, "events")
        return
    columns = guess(found, "events").columns
    assert (columns["user"], columns["item"], columns["time"]) == (user, item, time)


def test_what_orders_carry_is_known():
    found = [
        "InvoiceNo",
        "StockCode",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "sales_channel_id",
        "store_id",
    ]
    columns = guess(found, "events").columns
    assert columns == {
        "user": "CustomerID",
        "item": "StockCode",
        "time": "InvoiceDate",
        "quantity": "Quantity",
        "price": "UnitPrice",
        "session": "InvoiceNo",
        "channel": "sales_channel_id",
        "store": "store_id",
    }


def test_a_missing_column_names_those_found_and_the_way_out():
    with pytest.raises(MissingColumn, match=r'item; the table has who, what.*item = "COLUMN" under \[events.columns\]'):
        guess(["who", "what"], "events", {"user": "who"})


def test_two_columns_of_one_meaning_must_be_told_apart():
    with pytest.raises(MissingColumn, match="User_ID and userid could both be the user"):
        guess(["User_ID", "userid", "item_id"], "events")
    assert guess(["User_ID", "userid", "item_id"], "events", {"user": "userid"}).columns["user"] == "userid"


def test_a_less_sure_name_is_told():
    mapped = guess(["customer_id", "household_id", "item_id"], "events")
    assert mapped.columns["user"] == "customer_id"
    assert mapped.notes == ("customer_id is taken as the user; it could also be household_id",)


def test_a_mapped_column_must_be_there():
    with pytest.raises(MissingColumn, match="'klant', which is not there; the table has user_id, item_id"):
        guess(["user_id", "item_id"], "events", {"user": "klant"})


def test_without_customers_the_sessions_stand_for_them():
    mapped = guess(["session_id", "item_id"], "events")
    assert mapped.columns["user"] == "session_id"
    assert "each session_id counts as one" in mapped.notes[0]


def test_the_tables_of_items_and_customers_call_their_key_as_the_events_do():
    assert guess(["cust", "customer_id", "age"], "customers", hint="cust").columns == {"user": "cust"}
    assert guess(["id", "title"], "items").columns == {"item": "id"}


def test_a_mapping_may_use_any_word_for_a_meaning_that_the_field_uses():
    columns = guess(["klant", "artikel"], "events", {"customer_id": "klant", "sku": "artikel"}).columns
    assert columns == {"user": "klant", "item": "artikel"}
    with pytest.raises(ConfigError, match="maps 'klantje', which is no meaning; there are user, item, time"):
        guess(["klant", "artikel"], "events", {"klantje": "klant"})


def test_a_file_without_a_header_is_suspected():
    with pytest.raises(MissingColumn, match="first line hold data"):
        guess(["196", "242", "3", "881250949"], "events")


def test_a_column_called_weight_is_told():
    assert "not of the goods" in guess(["user_id", "item_id", "weight"], "events").notes[0]
    assert not guess(["user_id", "item_id", "weight"], "events", {"weight": "weight"}).notes
