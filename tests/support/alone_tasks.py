"""What a process of its own is asked to do in tests; little is imported here, since every process imports it."""

import os
import sys
import time
from pathlib import Path


def work(task):
    kind, value = task
    match kind:
        case "square":
            return value * value
        case "print":
            print("x" * 10**6)
            os.write(1, b"y" * 10**6)
            os.write(2, b"z" * 10**6)
        case "exit":
            sys.exit(value)
        case "die":
            os._exit(value)
        case "fork":
            return os.fork()
        case "system":
            return os.system(value)
        case "memory":
            return len(bytearray(2**32))
        case "file":
            return Path(value).write_bytes(b"x" * 2**27)
        case "ask":
            return input()
        case "same":
            return value
        case "sleep":
            time.sleep(60)
    return kind
