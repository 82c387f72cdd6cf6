#!/usr/bin/env python3
"""libcred from Python, by ctypes alone: enrols an account, then checks several passwords at once
in an event loop, without blocking it.

    login.py CONFIG REALM NAME < passwords

The first line of the input is the password that the account gets, each further one is tried.
"""
import ctypes as c
import selectors
import sys

ACCEPTED = 0


class Options(c.Structure):
    _fields_ = [("size", c.c_size_t), ("configuration", c.c_char_p), ("access", c.c_uint32),
                ("reserved", c.c_uint32), ("on_event", c.c_void_p), ("event_context", c.c_void_p)]


class Origin(c.Structure):
    _fields_ = [("size", c.c_size_t), ("host", c.c_char_p), ("service", c.c_char_p),
                ("terminal", c.c_char_p), ("actor", c.c_char_p)]


lib = c.CDLL("libcred.so.1")


def declare(result, name, *arguments):
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments


handle, place, text = c.c_void_p, c.POINTER(c.c_void_p), c.c_char_p
secret = (c.c_void_p, c.c_size_t)  # a pointer, so that no copy is made on the way
declare(c.c_int, "cred_open", c.POINTER(Options), place, place)
declare(c.c_int, "cred_realm_open", handle, text, place, place)
declare(c.c_int, "cred_enrol", handle, text, c.c_void_p, *secret, c.c_int, c.POINTER(Origin), place)
declare(c.c_int, "cred_queue_open", handle, c.c_void_p, place, place)
declare(c.c_int, "cred_queue_descriptor", handle)
declare(c.c_int, "cred_submit_authenticate", handle, handle, text, *secret, c.POINTER(Origin),
        c.c_uint64)
declare(c.c_int, "cred_take", handle, c.POINTER(c.c_uint64), place)
for call in ("message", "reason"):
    declare(text, "cred_answer_" + call, handle)
declare(c.c_int, "cred_answer_code", handle)
declare(c.c_size_t, "cred_answer_violations", handle)
declare(text, "cred_answer_advice", handle, c.c_size_t)
declare(text, "cred_code_word", c.c_int)
for call in ("answer_free", "queue_close", "realm_close", "close"):
    declare(None, "cred_" + call, handle)


class Refused(Exception):
    """Any answer but "accepted"."""


def read(answer):
    """An answer as Python has it; frees it."""
    advice = [lib.cred_answer_advice(answer, i).decode()
              for i in range(lib.cred_answer_violations(answer))]
    told = (lib.cred_answer_code(answer), lib.cred_answer_message(answer).decode(), advice)
    lib.cred_answer_free(answer)
    return told


def call(function, *arguments):
    answer = c.c_void_p()
    function(*arguments, c.byref(answer))
    code, message, advice = read(answer)
    if code != ACCEPTED:
        raise Refused("\n  - ".join([message] + advice))


class Password:
    """A line of standard input, read a byte at a time so that Python buffers none of it, and
    wiped when it is no longer needed."""

    def __enter__(self):
        self.buffer, byte, length = (c.c_char * 1025)(), bytearray(1), 0
        while sys.stdin.buffer.raw.readinto(byte) == 1 and byte != b"\n":
            if length < len(self.buffer):
                self.buffer[length] = bytes(byte)
                length += 1
        return c.addressof(self.buffer), length

    def __exit__(self, *_):
        c.memset(self.buffer, 0, len(self.buffer))


def main(configuration, realm_name, name):
    options = Options(c.sizeof(Options), configuration.encode())
    origin = Origin(c.sizeof(Origin), b"192.0.2.7", b"login-example", None, b"login-example")
    library, realm, queue = c.c_void_p(), c.c_void_p(), c.c_void_p()
    call(lib.cred_open, options, c.byref(library))
    call(lib.cred_realm_open, library, realm_name.encode(), c.byref(realm))
    call(lib.cred_queue_open, library, None, c.byref(queue))
    with Password() as password:
        call(lib.cred_enrol, realm, name.encode(), None, *password, 0, origin)
    print(name, "is enrolled")

    # Any event loop does: the descriptor is readable while an answer can be taken.
    loop, waiting = selectors.DefaultSelector(), 0
    loop.register(lib.cred_queue_descriptor(queue), selectors.EVENT_READ)
    while True:
        with Password() as password:
            if password[1] == 0:
                break
            code = lib.cred_submit_authenticate(queue, realm, name.encode(), *password, origin,
                                                waiting + 1)
        if code != ACCEPTED:
            raise Refused(lib.cred_code_word(code).decode())
        waiting += 1
    ticket, answer = c.c_uint64(), c.c_void_p()
    while waiting > 0:
        loop.select()
        while lib.cred_take(queue, ticket, answer):
            code, message, _ = read(answer)
            print(ticket.value, lib.cred_code_word(code).decode(), message)
            waiting -= 1
    lib.cred_queue_close(queue)
    lib.cred_realm_close(realm)
    lib.cred_close(library)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refused:
        sys.exit(f"login.py: {refused}")
