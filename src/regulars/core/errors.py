"""Every error that Regulars raises on purpose.

```text
RegularsError
|-- DataError            what the shop's tables say cannot be used
|   |-- MissingColumn    a needed column is not in the table
|   |-- UnreadableFile   not a file of the kind that its name says, damaged, or cut off
|   |-- EmptyData        nothing is left to work with
|   |-- BadTable         columns that contradict each other (lengths, order, types)
|   `-- BadRecord        an event, item or customer that cannot be stored as it is
|-- SettingError         a setting outside of its legal range
|-- ConfigError          regulars.toml cannot be understood
|-- UnknownId            a customer or item that the vocabulary does not hold
|-- ModelError
|   |-- DamagedModel     a saved model whose bytes are not those that were written
|   |-- ForeignModel     not a saved model, or one of another version
|   |-- VocabularyMismatch   a model fitted on other items than those it is asked about
|   `-- EncoderMismatch      a model fitted on vectors of texts or pictures by another encoder than the one at hand
|-- StoreError           what the service keeps cannot be read or written
|   |-- StoreUnavailable     the database does not answer, or is busy for too long
|   |-- StoreFull            its disk is full; nothing of the call was written
|   `-- ForeignStore         not a store of Regulars, or one of a later release
|-- RuleError            a filter or rule that cannot be understood
|-- QuestionError        a question to the service that cannot be answered as it stands
|-- Overloaded           more questions wait than the service can answer in time
|-- NotYet               what would answer is still being read; ask again
|-- ServiceError         a service of Regulars refuses a request, or cannot be reached
|-- StudyError           a study of settings that is of other data, or in which nothing could be measured
|-- TrainingError        a network that cannot learn on: no such device, a foreign checkpoint, a loss that diverged
|-- CannotDo             this recommender lacks the wanted capability
|-- CannotWrite          an output folder that does not accept files
|-- MissingExtra         an optional package is not installed
`-- Interrupted          stopped on request; what was done is kept
```
"""


class RegularsError(Exception):
    """Anything that the caller can act on: the message says what came, what was wanted and what to do."""


class DataError(RegularsError):
    """What the shop's tables say cannot be used."""


class MissingColumn(DataError):
    """A needed column is not in the table."""


class UnreadableFile(DataError):
    """A file that is damaged, cut off, or of another kind than its name says."""


class EmptyData(DataError):
    """Nothing is left to work with."""


class BadTable(DataError):
    """Columns that contradict each other in length, order or type."""


class BadRecord(DataError):
    """An event, item or customer that cannot be stored as it is: no id, no text, no number."""


class SettingError(RegularsError):
    """A setting outside of its legal range."""


class ConfigError(RegularsError):
    """A configuration file that cannot be understood."""


class UnknownId(RegularsError):
    """A customer or an item that the vocabulary does not hold."""


class ModelError(RegularsError):
    """A saved model that cannot be used."""


class DamagedModel(ModelError):
    """A saved model whose bytes are not those that were written."""


class ForeignModel(ModelError):
    """Not a saved model, or one of a version that this release does not read."""


class VocabularyMismatch(ModelError):
    """A model that was fitted on other items than those it is asked about."""


class EncoderMismatch(ModelError):
    """A model that was fitted on vectors of texts or pictures by another encoder than the one at hand."""


class StoreError(RegularsError):
    """What the service keeps cannot be read or written."""


class StoreUnavailable(StoreError):
    """The database does not answer, or is busy for too long."""


class StoreFull(StoreError):
    """The disk of the database is full; nothing of the call was written."""


class ForeignStore(StoreError):
    """Not a store of Regulars, or one of a later release."""


class RuleError(RegularsError):
    """A filter or rule that cannot be understood."""


class QuestionError(RegularsError):
    """A question to the service that cannot be answered as it stands."""


class Overloaded(RegularsError):
    """More questions wait than the service can answer in time; ask again later."""


class NotYet(RegularsError):
    """What would answer is still being read or computed; ask again in a while."""


class ServiceError(RegularsError):
    """A service that refuses a request (status: of HTTP) or cannot be reached (0)."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class StudyError(RegularsError):
    """A study of settings that is of other data, or in which nothing could be measured."""


class TrainingError(RegularsError):
    """A network that cannot learn on: a device that is not there, a checkpoint of another fit, a loss that diverged."""


class CannotDo(RegularsError):
    """This recommender lacks the wanted capability."""


class CannotWrite(RegularsError):
    """An output folder that does not accept files."""


class MissingExtra(RegularsError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs the package {package}, which is not installed: pip install 'regulars[{extra}]'")


class Interrupted(RegularsError):
    """Stopped on request; what was done until then is kept."""
