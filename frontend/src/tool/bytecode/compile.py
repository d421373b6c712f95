"""Compiles modules to bytecode that is never compared with its source ("unchecked hash").

Standard input has one module a line: its source, where the bytecode goes, and what the bytecode
calls its source, with a NUL between them. Standard output gets a line for each that does not
compile: its number, a tab, and why.

Every module is compiled in a process of its own, made from this one as it was before the first:
what one module leaves behind in memory can then change no byte of another, and neither can the
number of processes, and a module on which the compiler crashes takes no other with it.
"""

import importlib.util
import marshal
import os
import sys
import warnings

UNCHECKED_HASH = 1
NOT_COMPILED = 1
FAILED = 2


def compile_module(source, cache, name):
    with open(source, "rb") as file:
        text = file.read()
    code = compile(text, name, "exec", dont_inherit=True, optimize=0)
    with open(cache, "xb") as file:
        file.write(importlib.util.MAGIC_NUMBER)
        file.write(UNCHECKED_HASH.to_bytes(4, "little"))
        file.write(importlib.util.source_hash(text))
        file.write(marshal.dumps(code))


def child(number, module):
    status = 0
    try:
        compile_module(*module)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
        status = FAILED
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")[:500]
        os.write(1, f"{number}\t{reason}\n".encode("utf-8", "backslashreplace"))
        status = NOT_COMPILED
    os._exit(status)


def reap(running):
    process, status = os.wait()
    number = running.pop(process)
    if os.WIFSIGNALED(status):
        os.write(1, f"{number}\tThe compiler crashed\n".encode())
    elif os.WEXITSTATUS(status) == FAILED:
        sys.exit(FAILED)


def main():
    warnings.simplefilter("ignore")
    lines = sys.stdin.buffer.read().decode("utf-8").split("\n")
    modules = [line.split("\0") for line in lines if line]
    limit = int(sys.argv[1])
    running = {}
    for number, module in enumerate(modules):
        if len(running) == limit:
            reap(running)
        process = os.fork()
        if process == 0:
            child(number, module)
        running[process] = number
    while running:
        reap(running)


main()
