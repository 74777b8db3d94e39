"""Write `docs/translations.md`: the texts that wait for a native speaker. Run again, it keeps the marks."""
# ruff: noqa: INP001  # a script beside the page it writes, in no package

from service.locales.awaiting import HERE, Checkout, page

if __name__ == "__main__":
    here = Checkout(HERE)
    here.page.write_text(page(here.texts(), here.marks()), encoding="utf-8")
