"""How long a text is on the air, and how it is cut: the rules of `service.domain.segments`, which gateways need too."""

from service.domain.segments import BASIC, EXTENDED, ONE_PART, Encoding, Segments, encoding_of, fold, measure, split

__all__ = ["BASIC", "EXTENDED", "ONE_PART", "Encoding", "Segments", "encoding_of", "fold", "measure", "split"]
