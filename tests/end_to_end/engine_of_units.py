"""An engine that writes its environment to a file, is healthy once another is there, and ends once a third is.

With `BROKEN` in its environment it does none of that.
"""

import http.server
import json
import os
import sys
from pathlib import Path

PORT, NAME = int(sys.argv[1]), sys.argv[2]


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if Path(f"{NAME}.end").exists():
            os._exit(7)
        self.send_response(200 if Path(f"{NAME}.loaded").exists() else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that it overrides
        pass


if "BROKEN" in os.environ:
    sys.exit("cannot serve: it is broken")
Path(f"{NAME}.environment").write_text(json.dumps(dict(os.environ)))
http.server.HTTPServer(("127.0.0.1", PORT), Health).serve_forever()
