"""French and English of the command line. The code speaks English; what people read is translated where it is printed.

`fr.po` is the catalogue; gettext reads it, compiled once into the cache, and takes the language from the environment
(LANGUAGE, LC_ALL, LC_MESSAGES, LANG). Data (`--json`) stays English.
"""

from provisioner.language.catalogue import install
from provisioner.language.sentences import problem, translate

__all__ = ["install", "problem", "translate"]
