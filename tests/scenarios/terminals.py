"""Runs the program on a terminal of 80 columns, and types."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

COLUMNS = 80


def own_terminal():
    """What is typed as Ctrl-C becomes a signal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    def __init__(self, keep):
        self.keep = keep

    def __call__(self, *args, exit, typed=b"", env=None,
                 when=lambda shown: b"[y/N]" in shown):
        """What it shows; `typed` is typed once when(shown)."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, COLUMNS, 0, 0))
        process = subprocess.Popen(
            self.keep.words(args, None), stdin=slave, stdout=slave,
            stderr=slave, env=self.keep.environment(env),
            cwd=self.keep.place, preexec_fn=own_terminal)
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: nobody has it open any more
                piece = b""
            if piece == b"":
                break
            shown += piece
            if typed and when(shown):
                os.write(master, typed)
                typed = b""
        os.close(master)
        text = shown.decode().replace("\r\n", "\n")
        assert process.wait(timeout=60) == exit, text
        return text
