"""Wrong settings of an SMS centre, and what is said of each."""

CODINGS = "needs two numbers from 0 to 255, for GSM-7 and for UCS-2, such as 0,8"
WRONG_SMPP = [
    ("SMPP_PORT", "0", "greater than or equal to 1"),
    ("SMPP_SYSTEM_ID", "x" * 16, "is not ASCII of at most 15 characters"),
    ("SMPP_PASSWORD", "nine-long", "is not ASCII of at most 8 characters"),
    ("SMPP_SYSTEM_TYPE", "x" * 13, "is not ASCII of at most 12 characters"),
    ("SMPP_SOURCE", "Tïwizi", "is not ASCII of at most 20 characters"),
    ("SMPP_SOURCE_TON", "7", "less than or equal to 6"),
    ("SMPP_SOURCE_NPI", "-1", "greater than or equal to 0"),
    ("SMPP_WINDOW", "0", "greater than or equal to 1"),
    ("SMPP_ENQUIRE_SECONDS", "0", "greater than or equal to 1"),
    ("SMPP_LONG_MESSAGES", "cut", "Input should be 'udh' or 'payload'"),
    ("SMPP_RECEIPT_IDS", "octal", "Input should be 'same', 'decimal' or 'hex'"),
    ("SMPP_CODINGS", "0", CODINGS),
    ("SMPP_CODINGS", "0,x", CODINGS),
    ("SMPP_USSD_CODINGS", "15,256", CODINGS),
    ("SMPP_USSD_END", "2", "Input should be '17' or '3'"),
    ("SMPP_USSD_SESSION_TAG", "1383", "is not the tag of an optional parameter such as 0x1383"),
]
