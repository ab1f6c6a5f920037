"""Names that clash with something are refused in one line, whichever header or language that something comes from."""

import re
import subprocess

import pytest

from tejax.errors import InputError
from tejax.export.c.names import check_header, check_name
from tests.export.c.programs import needs, shell

TAKEN = {
    "C": "int while restrict inline typeof bool nullptr constexpr static_assert alignas _Bool complex asm",
    "C++": "delete new class this template operator xor and not_eq compl namespace co_await requires char8_t std",
    "the C library": "exp sin sinf cosl malloc free printf strlen strtoll memcpy time clock signal abs div log2 exit "
    "y0 j1 jn yn gamma isnan errno stdin va_list setjmp atomic_load thrd_create strdup qsort remove rename NULL",
    "POSIX": "read write index rindex open close pipe link select poll send recv bind accept listen connect kill fork "
    "environ optarg sleep pause alarm random pthread_create sem_wait stat dup2 getline dirname syslog wait "
    "nice",
    "macros": "INT32_MAX UINT32_C EOF BUFSIZ M_PI M_PIf PRId32 SCNxFAST8 SIGINT RAND_MAX PORTB DDRD F_CPU A0 LOW HIGH "
    "I X",
    "types": "int8_t uint32_t size_t FILE DIR fd_set my_t jmp_buf",
    "compilers": "linux unix i386 near far main end _start __init __builtin_popcount _net net_ a__b r24 x1 w0 lr sp pc",
    "Arduino": "setup loop delay millis digitalWrite map constrain bit byte boolean word yield tone Serial Serial1 "
    "String Wire SPI EEPROM Print min max sq interrupts itoa utoa dtostrf cli sei pgm_read_byte "
    "eeprom_write_byte ADC_vect",
    "earlier files": "count dot set_trit encode hidden output w0 b12",
    "these files": "a_encode a_reset a_step a_state a_trits a_trits_w0 a_trits_sum",
}
FREE = (
    "network digits parity adder iris breast_cancer my_net net2 net_a a b x Net netA cartPole pole memory stream "
    "total island toy string model predict infer forward tiny and_gate xor_gate parity6 f policy tejax strategy "
    "readme times_two logic"
)
NO_NAMES = [
    "",
    "2fast",
    "do it",
    "ä",
    "a" * 80,
    'a"; system("',
    "a.b",
    "a-b",
    "a\n",
    "\n",
    "a\0",
    "\U0001d41a",
    "\uff41",
    None,
    3,
]


@pytest.mark.parametrize("kind", TAKEN)
def test_taken_names_are_refused_in_one_line(kind):
    for name in set(TAKEN[kind].split()):
        with pytest.raises(InputError, match="name must be a C identifier that is free") as refusal:
            check_name(name)
        assert f"name={name!r}" in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_what_is_no_identifier_is_refused(name):
    with pytest.raises(InputError, match="name must be a C identifier that is free") as refusal:
        check_name(name)
    assert "\n" not in str(refusal.value)


def test_natural_names_are_free():
    for name in FREE.split():
        check_name(name)


HEADERS = (
    "aio arpa/inet assert complex ctype dirent dlfcn errno fcntl fenv float fnmatch ftw glob grp iconv inttypes "
    "iso646 langinfo libgen limits locale math monetary mqueue net/if netdb netinet/in nl_types poll pthread pwd "
    "regex sched search semaphore setjmp signal spawn stdarg stdbool stddef stdint stdio stdlib string strings "
    "sys/ipc sys/mman sys/msg sys/resource sys/select sys/sem sys/shm sys/socket sys/stat sys/statvfs sys/time "
    "sys/times sys/types sys/uio sys/un sys/utsname sys/wait syslog tar termios tgmath time ulimit unistd utime "
    "utmpx wchar wctype wordexp"
)


@needs("gcc")
def test_all_that_the_headers_of_c_and_posix_declare_is_refused(tmp_path):
    """Of a fixed edition of both, so that a newer library declares no more."""
    (tmp_path / "all.c").write_text("".join(f"#include <{header}.h>\n" for header in HEADERS.split()))
    edition = ("-std=c99", "-D_XOPEN_SOURCE=700")
    made = subprocess.run(["gcc", *edition, "-aux-info", "all.x", "-c", "all.c"], cwd=tmp_path, capture_output=True)
    if made.returncode or not (tmp_path / "all.x").is_file():
        pytest.skip("needs gcc's own list of declarations, and all headers")
    declared = set(
        re.findall(r"[\s*]\(?\*?\(?([A-Za-z]\w*)\)? \(", re.sub(r"/\*.*?\*/", "", (tmp_path / "all.x").read_text()))
    )
    defined = set(re.findall(r"#define ([A-Za-z]\w*)", shell(tmp_path, "gcc", *edition, "-dM", "-E", "all.c").decode()))
    assert len(declared) > 900
    assert [name for name in sorted(declared | defined) if _is_free(name)] == []


def _is_free(name):
    try:
        check_name(name)
    except InputError:
        return False
    return True


def test_header_names():
    for header in ("net.h", "my net.h", "a+b-1.hpp", "NET"):
        check_header(header)
    for header in (
        "",
        ".",
        "..",
        'x.h"\n#include "',
        "a/b.h",
        "a\\b.h",
        "ä.h",
        "a\n.h",
        "x.h\n",
        None,
        'a".h',
        "<a.h>",
    ):
        with pytest.raises(InputError, match="header must be a plain file name") as refusal:
            check_header(header)
        assert "\n" not in str(refusal.value)
