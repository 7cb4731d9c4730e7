"""Which column means what: guessed from the names that shops and this field's libraries use."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regulars.core.errors import ConfigError, MissingColumn

# The first names of a list are the surer ones. Case, separators and nesting are ignored: userInfo.userId, USER_ID.
USER = """userid customerid visitorid clientid householdid memberid user customer visitor client household member
    customernumber customerno customerkey customercode cust custid custno uid shopperid shopper buyerid buyer accountid
    account userinfouserid queryid entityid personid person patronid cardid loyaltyid loyaltycardid hhid householdkey
    reviewerid profileid cookieid deviceid consumerid contactid"""
ITEM = """itemid productid articleid item product article sku skuid itemsku productsku stockcode movieid bookid asin
    targetentityid objectid variantid goodsid itemno itemnumber productno productnumber articleno articlenumber itemcode
    productcode itemkey productkey prodid contentid upc ean gtin barcode isbn materialid materialnumber plu"""
NAMES: Mapping[str, str] = {
    "user": USER,
    "item": ITEM,
    "time": """timestamp datetime eventtime time eventtimestamp transactiontimestamp date createdat occurredat sentat
        invoicedate orderdate ordertimestamp orderedat orderpurchasetimestamp purchasedate purchasedat purchasetime
        transactiondate transactiontime tdat eventdate visittime unixreviewtime reviewtime invoicetime salesdate
        saledate ts when day""",
    "kind": """eventtype eventname event kind behaviortype behaviourtype behavior behaviour action actiontype
        feedbacktype interactiontype interaction activity type""",
    "weight": "weight eventvalue label",
    "rating": "rating stars overall score reviewscore",
    "quantity": "quantity qty units unitssold pieces itemqty salesquantity numitems ncds itemcount count",
    "price": "price unitprice itemprice sellingprice pricepaid saleprice priceperunit",
    "value": """value salesvalue revenue totalprice linetotal amount salesamount total totalamount spend netamount
        grossamount paymentvalue sales""",
    "session": """sessionid session visitid usersession basketid basket basketno basketnumber invoiceno invoice
        invoiceid invoicenumber orderid order orderno ordernumber transactionid receiptid receipt receiptno ticketid
        cartid tripid""",
    "channel": "channel channelid saleschannel saleschannelid",
    "store": """store storeid storenumber storeno storecode shop shopid branch branchid outlet outletid location
        locationid""",
    "event_id": "eventid id rowid uuid interactionid feedbackid messageid insertid",
}
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "events": tuple(NAMES),
    "items": ("item",),
    "customers": ("user",),
}
NEEDED: Mapping[str, tuple[str, ...]] = {"events": ("user", "item"), "items": ("item",), "customers": ("user",)}


@dataclass(frozen=True)
class Mapped:
    """The columns of one table by meaning: columns {"user": "household_id", ...}, and a line on every guess."""

    columns: Mapping[str, str]
    notes: tuple[str, ...] = ()


def plain(name: str) -> str:
    """A column name without case and separators: userInfo.User_ID becomes userinfouserid."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


def guess(found: Sequence[str], what: str, given: Mapping[str, str] | None = None, *, hint: str = "") -> Mapped:
    """The meaning of the columns `found` of the table `what` ("events", "items" or "customers").

    given: our name -> the shop's, always believed. hint: how the events call this table's key, preferred where found.
    Raises MissingColumn when a needed column is not there, or when two could be meant; ConfigError when `given` names a
    meaning that there is not.
    """
    chosen = {_meaning(name): _given(name, column, found, what) for name, column in (given or {}).items()}
    notes: list[str] = []
    for meaning in MEANINGS[what]:
        if meaning not in chosen:
            column = hint if meaning in NEEDED[what] and hint in found else _best(meaning, found, chosen, notes, what)
            if column:
                chosen[meaning] = column
    if what == "events" and "user" not in chosen and "session" in chosen:
        chosen["user"] = chosen["session"]
        notes.append(f"no column names the customer: each {chosen['session']} counts as one")
    missing = [meaning for meaning in NEEDED[what] if meaning not in chosen]
    if missing:
        headless = any(re.match(r"[-\d]", column) for column in found)
        raise MissingColumn(
            f"{what} need a column for {' and '.join(missing)}; the table has {', '.join(found)}. "
            + ("Does its first line hold data where the names should be? " if headless else "")
            + _way_out(what, missing[0])
        )
    if "weight" in chosen and "weight" not in map(_meaning, given or {}):
        notes.append(f"{chosen['weight']} is taken as the weight of the event, not of the goods")
    return Mapped(chosen, tuple(notes))


def _way_out(what: str, meaning: str, column: str = "COLUMN") -> str:
    return (
        f'Say which it is: {meaning} = "{column}" under [{what}.columns] in regulars.toml, '
        f'or Table(columns={{"{meaning}": "{column}"}})'
    )


def _meaning(name: str) -> str:
    """Our word for a meaning, or for what `guess` would take the name for: customer_id is the user.

    Raises ConfigError when it is neither.
    """
    if name in NAMES:
        return name
    meant = [meaning for meaning, names in NAMES.items() if plain(name) in names.split()]
    if not meant:
        raise ConfigError(f"columns maps {name!r}, which is no meaning; there are {', '.join(NAMES)}")
    return meant[0]


def _given(meaning: str, column: str, found: Sequence[str], what: str) -> str:
    if column not in found:
        raise MissingColumn(
            f"{what}: {meaning} is mapped to the column {column!r}, which is not there; "
            f"the table has {', '.join(found)}"
        )
    return column


def _best(meaning: str, found: Sequence[str], chosen: Mapping[str, str], notes: list[str], what: str) -> str:
    """The surest name of `found` for `meaning`, empty if there is none."""
    names = NAMES[meaning].split()
    if what == "items" or what == "customers":
        names = [*names, "id", "key", "code"]
    taken = set(chosen.values())
    free = [column for column in found if column not in taken]
    for shorten in (plain, _leaf):
        ranked = sorted((names.index(shorten(c)), c) for c in free if shorten(c) in names)
        if not ranked:
            continue
        same = [column for rank, column in ranked if rank == ranked[0][0]]
        if len(same) > 1:
            both = " and ".join(same)
            raise MissingColumn(f"{what}: {both} could both be the {meaning}. {_way_out(what, meaning, same[0])}")
        if len(ranked) > 1:
            others = ", ".join(column for _, column in ranked[1:])
            notes.append(f"{ranked[0][1]} is taken as the {meaning}; it could also be {others}")
        return ranked[0][1]
    return ""


def _leaf(name: str) -> str:
    """The last part of a nested name: event.product.id gives productid, user.id gives userid."""
    parts = re.split(r"[./:]", name)
    if len(parts) < 2:
        return ""
    last = plain(parts[-1])
    return plain(parts[-2]) + last if last in ("id", "key", "code", "no", "number") else last
