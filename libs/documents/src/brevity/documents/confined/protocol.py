"""What a reader process and those who ask it say to each other.

A job is a JOB on the starter's socket, with the socket that the child talks over. There the child says STARTED, takes the
options (a JSON object: `format`, and what is known of the file) and the file, and answers with an ANSWER, then a JSON
object, blocks and text: `{"format", "title", "warnings", "words_dropped"}`, or `{"code", "message", "remedy"}` and nothing more.
"""

from __future__ import annotations

import struct

JOB = struct.Struct("!IQQIQ")
"""Seconds of processor time, bytes of memory, most characters of text, bytes of the options, bytes of the file."""
ANSWER = struct.Struct("!IQQ")
"""Bytes of the JSON object, of the blocks (`brevity.documents.compact`), and of the text."""
STARTED = b"+"
WAITING = 3
"""How many times its processor time a child may live: a busy machine lets it wait."""
LONGEST_HEAD = 65_536
