"""Runs the product's commands; `python manage.py help` lists them."""

# An old Python has to get as far as the sentence below, hence nothing modern up here: no f-string,
# no annotation, no import of our own.
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - it is here for the Pythons that are too old
    here = ".".join(str(part) for part in sys.version_info[:2])
    sys.stderr.write("Python 3.11 or newer is needed; this is " + here + ".\n")
    sys.exit(2)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")
    try:
        from statuspage.local import entry
    except ModuleNotFoundError as error:
        sys.stderr.write("The package " + str(error.name) + " is missing: run make setup first.\n")
        return 2
    return entry.run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
