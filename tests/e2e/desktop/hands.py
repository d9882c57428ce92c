"""What a person's hands do outside of the page: drag files from another window, close a window, look into the clipboard.

    hands.py drag X Y PATH…    a small window at X,Y from which PATHs can be dragged; ends when they are dropped
    hands.py close WINDOW      asks the window of that number to close, as its close button does
    hands.py clipboard         prints the clipboard's text

A real drag from a real window: what the application gets is what a file manager would give it.
"""

import ctypes
import sys
from pathlib import Path

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402


def drag(x: str, y: str, *paths: str) -> None:
    uris = [Path(path).resolve().as_uri() for path in paths]
    window = Gtk.Window(title="files to drag")
    window.set_decorated(False)
    window.set_default_size(120, 80)
    handle = Gtk.EventBox()
    handle.add(Gtk.Label(label="files"))
    window.add(handle)
    handle.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    handle.drag_source_add_uri_targets()
    handle.connect("drag-data-get", lambda _w, _c, data, _i, _t: data.set_uris(uris))
    handle.connect("drag-begin", lambda *_: print("begun", flush=True))
    handle.connect("drag-end", lambda *_: Gtk.main_quit())
    window.move(int(x), int(y))
    # Told when it is on the screen: only then the pointer meets a window.
    window.connect("map-event", lambda *_: print("shown", flush=True))
    window.show_all()
    Gtk.main()


class ClientMessage(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        # XSendEvent reads a union of this size.
        ("rest", ctypes.c_long * 24),
    ]


def close(xid: str) -> None:
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    atom = lambda name: x11.XInternAtom(display, name, 0)  # noqa: E731
    message = ClientMessage(type=33, window=int(xid), message_type=atom(b"WM_PROTOCOLS"), format=32)
    message.data[0] = atom(b"WM_DELETE_WINDOW")
    x11.XSendEvent(display, ctypes.c_ulong(int(xid)), 0, 0, ctypes.byref(message))
    x11.XFlush(display)


def clipboard() -> None:
    print(Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text() or "", end="")


if __name__ == "__main__":
    {"drag": drag, "close": close, "clipboard": clipboard}[sys.argv[1]](*sys.argv[2:])
