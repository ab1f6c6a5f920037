"""Programs made of exported source, and what a plain NumPy network answers."""

import math
import re
import shutil
import subprocess
from string import Template

import numpy as np
import pytest

from tejax import export, networks

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror")
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined")
# rows of int8 from stdin, rows of int32 to stdout; a memory is reset before every so many rows
MAIN = Template("""
#include <stdio.h>
#include "net.h"

int main(void)
{
    static ${number} x[${inputs}];
    static ${answer} y[${outputs}];
    ${state}
    while (fread(x, sizeof x, 1, stdin) == 1) {
        ${call}
        fwrite(y, sizeof y, 1, stdout);
    }
    return 0;
}
""")
REMEMBERED = "network_state state; unsigned long row = 0;"
STEP = "if (row++ % {} == 0) {{ network_reset(&state); }} network_step(&state, {}, y);"


def needs(*tools):
    """Skips a test where a tool is not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {' and '.join(tools)}")


def shell(folder, *command):
    """What a command prints, which must end well and say nothing on stderr."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr, done.stderr.decode()
    return done.stdout


def main(inputs, outputs, steps=0, reads_bytes=False):
    """The text of a program that answers rows of trits, or bytes; `steps` of a sequence, for one with a memory."""
    call = STEP.format(steps, "*x" if reads_bytes else "x") if steps else "network(x, y);"
    number, inputs = ("uint8_t", 1) if reads_bytes else ("int8_t", inputs)
    words = {"number": number, "answer": "int32_t", "inputs": inputs, "outputs": outputs}
    return MAIN.substitute(words, state=REMEMBERED if steps else "", call=call)


def encoding_main(features, trits):
    """The text of a program that encodes rows of numbers."""
    words = {"number": "double", "answer": "int8_t", "inputs": features, "outputs": trits}
    return MAIN.substitute(words, state="", call="network_encode(x, y);")


def answers(folder, network, genome, x, *options, compiler="gcc", steps=0, **more):
    """What the exported network says to rows of x, int8 [N, F], or to bytes, uint8 [N]: int32 [N, O]."""
    features, reads_bytes = network.features, isinstance(network, networks.ByteRecurrent)
    export.save_c(folder / "net.c", network, genome, **more)
    (folder / "main.c").write_text(main(features[0], features[-1], steps, reads_bytes))
    shell(folder, compiler, *(options or (*STRICT, "-O1")), "main.c", "net.c", "-o", "net")
    done = subprocess.run([folder / "net"], input=np.ascontiguousarray(x).tobytes(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    return np.frombuffer(done.stdout, "<i4").reshape(-1, features[-1])


def trits(*shape, seed=1):
    """Random trits, among them rows of one kind."""
    x = np.random.default_rng(seed).integers(-1, 2, shape).astype(np.int8)
    x[: min(3, len(x))] = np.array([1, -1, 0], np.int8)[: len(x)].reshape(-1, *[1] * (x.ndim - 1))
    return x


def perceptron(network, genome, x):
    """The outputs of an MLP in NumPy."""
    for index, (weights, bias) in enumerate(genome):
        sums = x.astype(int) @ np.asarray(weights, int).T + np.asarray(bias, int).sum(axis=1)
        zone = math.floor(network.dead_zone * math.sqrt(network.features[index]))
        x = np.sign(sums) * (np.abs(sums) > zone)
    return sums


AVR_MAIN = Template("""
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include "net.h"

static const ${number} rows[][${inputs}] PROGMEM = {${rows}};

static void put(char sign)
{
    while (!(UCSR0A & (1 << UDRE0))) {
    }
    UDR0 = (uint8_t)sign;
}

int main(void)
{
    static ${number} x[${inputs}];
    static ${answer} y[${outputs}];
    uint8_t at;
    ${state}
    UCSR0B = 1 << TXEN0;
    for (at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int i, digit;
        memcpy_P(x, rows[at], sizeof x);
        ${call}
        for (i = 0; i < ${outputs}; i++) {
            for (digit = 28; digit >= 0; digit -= 4)
                put("0123456789ABCDEF"[(int32_t)y[i] >> digit & 15]);
            put('\\n');
        }
    }
    cli();
    sleep_mode();
    return 0;
}
""")


def simulated(folder, inputs, outputs, rows, *, number="int8_t", answer="int32_t", state="", call="network(x, y);"):
    """What net.c says to rows on a simulated ATmega328P: integers [N, O], and the bytes of flash and RAM it takes."""
    numbers = ", ".join("{" + ", ".join(map(repr, row)) + "}" for row in rows.tolist())
    words = {"number": number, "answer": answer, "inputs": inputs, "outputs": outputs, "rows": numbers}
    (folder / "main.c").write_text(AVR_MAIN.substitute(words, state=state, call=call))
    part = ("-mmcu=atmega328p", "-Os", "-std=gnu99", "-Wall", "-Wextra", "-Wconversion", "-Werror")
    shell(folder, "avr-gcc", *part, "main.c", "net.c", "-o", "net.elf")
    shell(folder, "avr-gcc", *part, "-c", "net.c", "-o", "net.o")
    command = ["simavr", "-m", "atmega328p", "-f", "16000000", "net.elf"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    said = [int(number, 16) for number in re.findall(r"[0-9A-F]{8}", done.stderr)]
    text, data, bss = map(int, shell(folder, "avr-size", "net.o").decode().splitlines()[1].split()[:3])
    return np.array(said, np.uint32).view(np.int32).reshape(-1, outputs), text, data + bss
