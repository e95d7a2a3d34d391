/* Watch a program from inside its container: which system calls fail, and how its processes end.

       tracer RECORDS MILLISECONDS PROGRAM [ARGUMENT]...

   It runs PROGRAM as its child under ptrace, which needs no capability, follows what that starts,
   and ends as PROGRAM does: with its status, or with 128 and the number of the signal. RECORDS is
   written at the end: lines of fields separated by tabs (README.md beside this file). After
   MILLISECONDS it writes what each process waits for, and ends with 124, and so it does sooner where
   all of them wait without a limit for each other; where it cannot watch at all, it says so in
   RECORDS, and ends with 125.

   There is no libc: it must run in an image without one, whatever its kernel's loader is. All
   memory is static, so that a program can make it neither grow nor fail. */

#include <asm/socket.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/auxvec.h>
#include <linux/elf.h>
#include <linux/ptrace.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <linux/uio.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned long size;

enum {
    TASKS = 512,        /* threads and processes that are followed at the same time */
    RING = 1 << 20,     /* bytes of lines; the oldest give way */
    TEXT = 700,         /* the arguments of one call */
    STRING = 400,       /* bytes of one string of the program */
    FRAMES = 40,        /* return addresses that are told of a stack */
    WORDS = 2048,       /* words of a stack that may be return addresses */
    PANICKED = 101,     /* the status of a program in Rust that has panicked */
    LAST = 8,           /* calls that are kept of each task, whether they failed or not */
    SOCKETS = 128,      /* sockets whose address is remembered */
    OF_THREAD = 2,      /* whose stack is used up: that of a thread which is not the first one */
    FRAME = 1 << 20,    /* bytes that one function may put on the stack */
    GROWTH = 1 << 16,   /* bytes by which a stack grows at most: a page */
    QUIET = 1200,       /* milliseconds without a call after which nothing is expected any more */
    LONG_WAIT = 500,    /* milliseconds after which an interrupted wait is worth a line */
    STATUS_TIME = 124,
    STATUS_BLIND = 125,
    WALL = 0x40000000,  /* __WALL: children of every kind */
    NOHANG = 1,
    TRAP = 5,
    SEGV = 11,
    CHLD = 17,
};

/* The system, without a library. */

static long call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "this processor is not supported"
#endif
}

#define CALL0(n) call(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

#if defined(__x86_64__)
#define NATIVE 0xC000003Eu /* AUDIT_ARCH_X86_64 */
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call start\n");
#else
#define NATIVE 0xC00000B7u /* AUDIT_ARCH_AARCH64 */
__asm__(".globl _start\n_start: mov x29, #0\n mov x0, sp\n bl start\n");
#endif

/* The compiler calls these for loops and structures, whatever it is told. */

void *memcpy(void *to, const void *from, size n) {
    for (size i = 0; i < n; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size n) {
    for (size i = 0; i < n; i++) ((volatile char *)to)[i] = (char)byte;
    return to;
}

static size length(const char *text) {
    size n = 0;
    while (text[n]) n++;
    return n;
}

static void quit(int status) {
    CALL1(__NR_exit_group, status);
    __builtin_unreachable();
}

static long now(void) {
    struct __kernel_timespec at;
    CALL2(__NR_clock_gettime, 1, &at);
    return at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

static long ptrace(long what, long task, long address, void *data) {
    return CALL4(__NR_ptrace, what, task, address, data);
}

/* Text of a fixed size: what does not fit is left out. */

struct text {
    char *at;
    size used, room;
};

static void put(struct text *to, char letter) {
    if (to->used < to->room) to->at[to->used++] = letter;
}

static void puts_(struct text *to, const char *words) {
    while (*words) put(to, *words++);
}

static void number(struct text *to, long value) {
    char digits[24];
    int n = 0;
    unsigned long left = value < 0 ? -(unsigned long)value : (unsigned long)value;
    do digits[n++] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) put(to, '-');
    while (n) put(to, digits[--n]);
}

static void column(struct text *to, long value) {
    put(to, '\t');
    number(to, value);
}

static void hex(struct text *to, unsigned long value, int least) {
    int shift = 60;
    while (shift > 4 * (least - 1) && !(value >> shift)) shift -= 4;
    for (; shift >= 0; shift -= 4) put(to, "0123456789abcdef"[value >> shift & 15]);
}

/* Strings of the program are hostile: no byte of them ends a line or a field. */
static void escaped(struct text *to, const char *from, size n) {
    for (size i = 0; i < n; i++) {
        u8 byte = (u8)from[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
            put(to, (char)byte);
        } else if (to->room - to->used >= 4) {
            puts_(to, "\\x");
            hex(to, byte, 2);
        }
    }
}

static void field(struct text *to, const char *name) {
    put(to, '\t');
    puts_(to, name);
    put(to, '=');
}

/* The lines: a ring, of which the newest megabyte is written at the end. */

static char ring[RING];
static size written;
static long began;
static const char *records;

static void keep(const struct text *line) {
    for (size i = 0; i < line->used; i++) ring[written++ % RING] = line->at[i];
    ring[written++ % RING] = '\n';
}

static struct text head(char *room, size bytes, const char *kind) {
    struct text line = {room, 0, bytes};
    puts_(&line, kind);
    column(&line, now() - began);
    return line;
}

static void write_all(int to, const char *from, size n) {
    while (n) {
        long done = CALL3(__NR_write, to, from, n);
        if (done <= 0) return;
        from += done;
        n -= (size)done;
    }
}

static void save(void) {
    int to = (int)CALL4(__NR_openat, AT_FDCWD, records, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size first = written > RING ? written - RING : 0;
    if (to < 0) return;
    if (first) /* the oldest line is cut */
        while (first < written && ring[first++ % RING] != '\n') {}
    while (first < written) {
        size at = first % RING, n = written - first;
        if (n > RING - at) n = RING - at;
        write_all(to, ring + at, n);
        first += n;
    }
    CALL1(__NR_close, to);
}

static void blind(const char *what, long error) {
    char room[200];
    struct text line = head(room, sizeof room, "E");
    put(&line, '\t');
    puts_(&line, what);
    column(&line, -error);
    keep(&line);
    save();
    quit(STATUS_BLIND);
}

/* The calls that are understood. `form` has a letter for each argument:
   p path, d directory that a relative path starts from, f descriptor, a address (its length is the
   next argument), i number, x number in hexadecimal, m data for a name server, M such messages,
   w array of descriptors to wait for, t time to sleep, - nothing. Relative paths without d start from the working
   directory. `kept`: it is written also where it succeeds, since later success tells which
   failures mean nothing. */

struct known {
    int number;
    u8 kept;
    const char *name, *form;
};

static const struct known calls[] = {
#define FAILS(name, form) {__NR_##name, 0, #name, form},
#define ALWAYS(name, form) {__NR_##name, 1, #name, form},
#include "calls.h"
#undef FAILS
#undef ALWAYS
};

enum { KNOWN = sizeof calls / sizeof *calls };

static const struct known *known(long number) {
    for (int i = 0; i < KNOWN; i++)
        if (calls[i].number == number) return &calls[i];
    return 0;
}

/* Tasks: threads, and processes, which are called by their first thread. */

struct last {
    long number, result;
};

struct task {
    int id, process;
    u8 inside;             /* between the entry and the exit of a call */
    u8 strange;            /* the call is of another ABI, such as 32 bits */
    u8 is_empty;           /* the path is empty */
    long number, since;
    long arguments[6];
    const struct known *known;
    char text[TEXT];
    size used;
    struct last last[LAST];
    unsigned calls;
    unsigned long told;    /* a hash of the last line, and how often it was repeated */
    unsigned again;
};

static struct task tasks[TASKS];
static int first;          /* the process of PROGRAM */
static int may_wake;       /* a timer, a peer or an unwatched task may end any wait */

static struct task *find(int id) {
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].id == id) return &tasks[i];
    return 0;
}

/* What each socket is connected to or bound to, the newest last. */

static struct {
    int process, descriptor;
    char text[160];
    size used;
} sockets[SOCKETS];
static unsigned newest;

static void remember(int process, int descriptor, const struct text *address) {
    unsigned at = newest;
    for (unsigned i = 0; i < SOCKETS; i++)
        if (sockets[i].process == process && sockets[i].descriptor == descriptor) at = i;
    if (at == newest) newest = (newest + 1) % SOCKETS;
    sockets[at].process = process;
    sockets[at].descriptor = descriptor;
    sockets[at].used = address->used < sizeof sockets->text ? address->used : sizeof sockets->text;
    memcpy(sockets[at].text, address->at, sockets[at].used);
}

static void forget(int process, int descriptor) {
    for (unsigned i = 0; i < SOCKETS; i++)
        if (sockets[i].process == process && sockets[i].descriptor == descriptor) sockets[i].process = 0;
}

static int address_of(int process, int descriptor) {
    for (unsigned i = 0; i < SOCKETS; i++)
        if (sockets[i].process == process && sockets[i].descriptor == descriptor) return (int)i;
    return -1;
}

static int is_name_server(int process, int descriptor) {
    int at = address_of(process, descriptor);
    if (at < 0) return 0;
    const char *end = sockets[at].text + sockets[at].used;
    return sockets[at].used > 3 && end[-3] == ':' && end[-2] == '5' && end[-1] == '3';
}

/* The program's memory and what /proc says. */

static size peek(int task, long address, void *to, size n) {
    size done = 0;
    while (done < n) {
        long word, from = (address + (long)done) & ~7L;
        if (ptrace(PTRACE_PEEKDATA, task, from, &word)) break;
        size skip = (size)(address + (long)done - from);
        for (; skip < 8 && done < n; skip++) ((char *)to)[done++] = ((char *)&word)[skip];
    }
    return done;
}

static void string(struct text *to, int task, long address) {
    char part[64];
    for (size done = 0; done < STRING; done += sizeof part) {
        size n = peek(task, address + (long)done, part, sizeof part), end = 0;
        while (end < n && part[end]) end++;
        escaped(to, part, end);
        if (end < sizeof part) return;
    }
    puts_(to, "...");
}

static const char *proc(char *room, size bytes, int id, const char *what, long which) {
    struct text path = {room, 0, bytes - 1};
    puts_(&path, "/proc/");
    number(&path, id);
    put(&path, '/');
    puts_(&path, what);
    if (which >= 0) number(&path, which);
    room[path.used] = 0;
    return room;
}

static int linked(struct text *to, const char *path) {
    char target[STRING];
    long n = CALL4(__NR_readlinkat, AT_FDCWD, path, target, sizeof target);
    if (n <= 0) return 0;
    escaped(to, target, (size)n);
    return 1;
}

static long content(const char *path, char *to, size n) {
    long from = CALL4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), done;
    if (from < 0) return 0;
    done = CALL3(__NR_read, from, to, n);
    CALL1(__NR_close, from);
    return done > 0 ? done : 0;
}

/* What is mapped, from the lowest address up: /proc/ID/maps, read in parts. */

struct maps {
    int file;
    long at, filled;
    char part[4096];
};

struct mapping {
    unsigned long start, end;
    u8 is_guard; /* nobody may access it */
    u8 is_stack; /* of the first thread */
};

static void open_maps(struct maps *maps, int id) {
    char path[64];
    maps->file = (int)CALL4(__NR_openat, AT_FDCWD, proc(path, sizeof path, id, "maps", -1), O_RDONLY | O_CLOEXEC, 0);
    maps->at = maps->filled = 0;
}

static int next_letter(struct maps *maps) {
    if (maps->at == maps->filled) {
        maps->filled = CALL3(__NR_read, maps->file, maps->part, sizeof maps->part);
        maps->at = 0;
        if (maps->filled <= 0) return maps->filled = 0;
    }
    return maps->part[maps->at++];
}

static unsigned long next_address(struct maps *maps) {
    unsigned long found = 0;
    for (int letter; (letter = next_letter(maps)) && letter != '-' && letter != ' ';)
        found = found << 4 | (unsigned long)(letter <= '9' ? letter - '0' : letter - 'a' + 10);
    return found;
}

static int next_mapping(struct maps *maps, struct mapping *map) {
    map->start = next_address(maps);
    map->end = next_address(maps);
    static const char name[] = " [stack]";
    size matched = 0;
    map->is_guard = next_letter(maps) == '-' && next_letter(maps) == '-';
    for (int letter; (letter = next_letter(maps)) && letter != '\n';)
        if (name[matched]) matched = letter == name[matched] ? matched + 1 : letter == ' ';
    map->is_stack = !name[matched];
    return map->end != 0;
}

static long status_of(int id, const char *name) {
    char path[64], text[600];
    long n = content(proc(path, sizeof path, id, "status", -1), text, sizeof text);
    size letters = length(name);
    for (long i = 0; i + (long)letters < n; i++) {
        size matched = 0;
        while (matched < letters && text[i + (long)matched] == name[matched]) matched++;
        if (matched == letters && (!i || text[i - 1] == '\n')) {
            long value = 0, at = i + (long)letters;
            while (at < n && (text[at] == '\t' || text[at] == ' ')) at++;
            while (at < n && text[at] >= '0' && text[at] <= '9') value = value * 10 + text[at++] - '0';
            return value;
        }
    }
    return 0;
}

static int has(const struct task *task, const char *name) {
    for (size i = 0; i + 2 < task->used; i++)
        if (task->text[i] == '\t' && task->text[i + 1] == *name && task->text[i + 2] == '=') return 1;
    return 0;
}

static void descriptor(struct text *to, const struct task *task, int which) {
    char path[64];
    field(to, "f");
    number(to, which);
    put(to, ':');
    linked(to, proc(path, sizeof path, task->id, "fd/", which));
    int at = has(task, "a") ? -1 : address_of(task->process, which);
    if (at >= 0) {
        field(to, "a");
        for (size i = 0; i < sockets[at].used; i++) put(to, sockets[at].text[i]);
    }
}

/* Arguments as text. */

static void address(struct text *to, int task, long from, long bytes) {
    u8 raw[112];
    size n = peek(task, from, raw, bytes < 0 || bytes > (long)sizeof raw ? sizeof raw : (size)bytes);
    u16 family = n >= 2 ? (u16)(raw[0] | raw[1] << 8) : 0;
    long port = n >= 4 ? raw[2] << 8 | raw[3] : 0;
    if (family == 2 && n >= 8) {
        puts_(to, "inet:");
        for (int i = 4; i < 8; i++) {
            if (i > 4) put(to, '.');
            number(to, raw[i]);
        }
    } else if (family == 10 && n >= 24) {
        puts_(to, "inet6:");
        for (int i = 8; i < 24; i += 2) {
            if (i > 8) put(to, ':');
            hex(to, (unsigned long)(raw[i] << 8 | raw[i + 1]), 1);
        }
    } else if (family == 1) {
        size end = 3;
        puts_(to, "unix:");
        if (n > 2 && raw[2]) {
            while (end < n && raw[end]) end++;
        } else if (n > 2) {
            put(to, '@'); /* a name outside the filesystem; its bytes may be any */
            end = n;
        }
        if (n > 2) escaped(to, (char *)raw + (raw[2] ? 2 : 3), end - (raw[2] ? 2 : 3));
        return;
    } else {
        puts_(to, "family:");
        number(to, family);
        return;
    }
    put(to, ':');
    number(to, port);
}

static void question(struct text *to, int task, long data) {
    char raw[300];
    size n = peek(task, data, raw, sizeof raw), at = 12;
    if (n < 14 || raw[2] & 0x80) return;
    field(to, "n");
    while (at < n && raw[at] && !(raw[at] & 0xc0)) {
        size letters = (u8)raw[at++];
        if (at + letters > n) return;
        escaped(to, raw + at, letters);
        at += letters;
        if (at < n && raw[at]) put(to, '.');
    }
}

static void messages(struct text *to, int task, long from) {
    long parts = 0, data = 0;
    peek(task, from + 16, &parts, 8); /* msg_iov, and its first base */
    peek(task, parts, &data, 8);
    question(to, task, data);
}

static void waited(struct text *to, const struct task *task) {
    for (int i = 0; i < 4 && i < task->arguments[1]; i++) {
        int which;
        if (peek(task->id, task->arguments[0] + 8 * i, &which, 4) == 4) descriptor(to, task, which);
    }
}

static void base(struct text *to, const struct task *task, long directory) {
    char path[64];
    field(to, "d");
    if ((int)directory == AT_FDCWD)
        linked(to, proc(path, sizeof path, task->id, "cwd", -1));
    else
        linked(to, proc(path, sizeof path, task->id, "fd/", (int)directory));
}

/* How long it sleeps, in milliseconds: nanosleep takes a duration, clock_nanosleep often a moment. */
static void duration(struct text *to, const struct task *task, long from) {
    struct __kernel_timespec at;
    int is_moment = task->number == __NR_clock_nanosleep && task->arguments[1];
    if (is_moment && task->arguments[0] != 1) return; /* not by the clock of now() */
    if (peek(task->id, from, &at, sizeof at) != sizeof at) return;
    field(to, "i");
    number(to, at.tv_sec * 1000 + at.tv_nsec / 1000000 - (is_moment ? now() : 0));
}

/* Read at the entry: afterwards the memory may be another program's. Descriptors are looked up only
   where the line is written. */
static void read_arguments(struct task *task) {
    struct text to = {task->text, 0, TEXT};
    long directory = AT_FDCWD;
    const char *form = task->known->form;
    for (int i = 0; form[i] && i < 6; i++) {
        long value = task->arguments[i];
        if (form[i] == 'd') directory = value;
        if (form[i] == 'p' && value) {
            char letter = 0;
            field(&to, "p");
            string(&to, task->id, value);
            peek(task->id, value, &letter, 1);
            task->is_empty = !letter;
            if (letter != '/') base(&to, task, directory);
            directory = AT_FDCWD;
        }
        if (form[i] == 'a' && value) {
            field(&to, "a");
            size start = to.used;
            address(&to, task->id, value, task->arguments[i + 1]);
            if (form[0] == 'f') {
                struct text found = {to.at + start, to.used - start, 0};
                remember(task->process, (int)task->arguments[0], &found);
            }
        }
        if (form[i] == 'i') field(&to, "i"), number(&to, value);
        if (form[i] == 't') duration(&to, task, value);
        if (form[i] == 'x') field(&to, "x"), hex(&to, (unsigned long)value, 1);
        if (form[i] == 'm' && is_name_server(task->process, (int)task->arguments[0]))
            question(&to, task->id, value);
        if (form[i] == 'M' && is_name_server(task->process, (int)task->arguments[0]))
            messages(&to, task->id, value);
    }
    task->used = to.used;
}

static void arguments(struct text *to, const struct task *task) {
    const char *form = task->known ? task->known->form : "";
    for (size i = 0; i < task->used; i++) put(to, task->text[i]);
    for (int i = 0; form[i] && i < 6; i++)
        if (form[i] == 'f') descriptor(to, task, (int)task->arguments[i]);
}

static void name(struct text *to, const struct task *task) {
    if (task->known) {
        puts_(to, task->known->name);
    } else {
        puts_(to, task->strange ? "foreign-" : "call-");
        number(to, task->number);
    }
}

/* Lines. */

static unsigned long hashed(const struct text *line, size from) {
    unsigned long sum = 5381;
    for (size i = from; i < line->used; i++) sum = sum * 33 + (u8)line->at[i];
    return sum;
}

static void repeated(struct task *task) {
    char room[100];
    if (!task->again) return;
    struct text line = head(room, sizeof room, "R");
    column(&line, task->process);
    column(&line, task->id);
    column(&line, task->again);
    keep(&line);
    task->again = 0;
}

static void tell_call(struct task *task, const char *kind, const char *called, long result) {
    char room[TEXT + 1200];
    struct text line = head(room, sizeof room, kind);
    size start = line.used;
    column(&line, task->process);
    column(&line, task->id);
    put(&line, '\t');
    if (called) puts_(&line, called);
    else name(&line, task);
    column(&line, result);
    arguments(&line, task);
    unsigned long sum = hashed(&line, start);
    if (sum == task->told) {
        task->again++;
        return;
    }
    repeated(task);
    task->told = sum;
    keep(&line);
}

static void tell(const char *kind, const long *values, int n) {
    char room[200];
    struct text line = head(room, sizeof room, kind);
    for (int i = 0; i < n; i++) {
        column(&line, values[i]);
    }
    keep(&line);
}

static void tell_program(const struct task *task) {
    char room[1600], path[64], words[600];
    struct text line = head(room, sizeof room, "P");
    column(&line, task->process);
    put(&line, '\t');
    linked(&line, proc(path, sizeof path, task->id, "exe", -1));
    put(&line, '\t');
    long n = content(proc(path, sizeof path, task->id, "cmdline", -1), words, sizeof words);
    escaped(&line, words, (size)n);
    keep(&line);
}

static void tell_last(struct task *task) {
    char room[600];
    struct text line = head(room, sizeof room, "L");
    column(&line, task->process);
    unsigned from = task->calls > LAST ? task->calls - LAST : 0;
    for (unsigned i = from; i < task->calls; i++) {
        const struct last *last = &task->last[i % LAST];
        struct task shown = {.number = last->number, .known = known(last->number)};
        put(&line, '\t');
        name(&line, &shown);
        put(&line, '=');
        number(&line, last->result);
    }
    repeated(task);
    keep(&line);
}

/* Where the program of a task begins: it tells where that is loaded. */
static unsigned long entry_of(int id) {
    char path[64];
    unsigned long words[2], found = 0;
    int auxv = (int)CALL4(__NR_openat, AT_FDCWD, proc(path, sizeof path, id, "auxv", -1), O_RDONLY | O_CLOEXEC, 0);
    while (auxv >= 0 && CALL3(__NR_read, auxv, words, sizeof words) == sizeof words && words[0])
        if (words[0] == AT_ENTRY) found = words[1];
    CALL1(__NR_close, auxv);
    return found;
}

/* The words of a stack that point into the code of the program, from the stack pointer on: above it (A)
   some are return addresses, also where there are no frame pointers, and others are left of calls that
   have returned, as all are below it (B). Whoever has the program can tell which follow a call. */
static void tell_words(const struct task *task, const char *kind, unsigned long pointer, unsigned long entry) {
    char room[FRAMES * 18 + 100];
    struct text line = head(room, sizeof room, kind);
    struct maps maps;
    struct mapping map;
    unsigned long part[16];
    int below = *kind == 'B';
    open_maps(&maps, task->id);
    while (next_mapping(&maps, &map) && map.end <= entry) continue;
    CALL1(__NR_close, maps.file);
    if (!entry || map.start > entry || map.end <= entry) return;
    column(&line, task->process);
    for (int read = 0, told = 0; read < WORDS && told < FRAMES; read += 16) {
        long from = (long)pointer + 8L * (below ? -16 - read : read);
        if (peek(task->id, from, part, sizeof part) < sizeof part) break;
        for (int i = 0; i < 16 && told < FRAMES; i++) {
            unsigned long word = part[below ? 15 - i : i];
            if (word <= map.start || word >= map.end) continue;
            put(&line, '\t');
            hex(&line, word, 1);
            told++;
        }
    }
    keep(&line);
}

/* The return addresses on the stack of a task, innermost first, by the chain of frame pointers, which
   Go keeps; other compilers often leave it out, and then there are few, or none that mean anything. */
static void tell_stack(const struct task *task, unsigned long pointer) {
    char room[FRAMES * 18 + 100];
    struct text line = head(room, sizeof room, "K");
    unsigned long registers[40] = {0}, frame, next[2];
    struct iovec to = {registers, sizeof registers};
    column(&line, task->process);
    ptrace(PTRACE_GETREGSET, task->id, NT_PRSTATUS, &to);
#if defined(__x86_64__)
    frame = registers[4];
#else
    frame = registers[29];
#endif
    unsigned long entry = entry_of(task->id);
    if (entry) {
        put(&line, '\t');
        hex(&line, entry, 1);
    }
    for (int n = 0; n < FRAMES && frame >= pointer && !(frame & 7); n++, frame = next[0]) {
        if (peek(task->id, (long)frame, next, sizeof next) < sizeof next) break;
        put(&line, '\t');
        hex(&line, next[1], 1);
        if (next[0] <= frame) break;
    }
    keep(&line);
    tell_words(task, "A", pointer, entry);
    if (task->arguments[0] == PANICKED) tell_words(task, "B", pointer, entry);
}

/* What a task waits for (W), or waited for until a signal came (I). */
static void tell_wait(struct task *task, const char *kind) {
    char room[TEXT + 1200];
    repeated(task);
    task->told = 0;
    struct text line = head(room, sizeof room, kind);
    column(&line, task->process);
    column(&line, task->id);
    put(&line, '\t');
    name(&line, task);
    column(&line, now() - task->since);
    arguments(&line, task);
    if (task->known && task->known->form[0] == 'w') waited(&line, task);
    keep(&line);
}

/* What the threads of one process wait for, except one of them; or those of all. */
static void tell_waits(int process, int except) {
    for (int i = 0; i < TASKS; i++) {
        struct task *task = &tasks[i];
        if (!task->id || !task->inside || task->id == except) continue;
        if (process && task->process != process) continue;
        tell_wait(task, "W");
    }
}

/* Runtimes interrupt their threads all the time: only a long wait tells what a signal ended. */
static void tell_interrupted(struct task *task) {
    if (now() - task->since >= LONG_WAIT) tell_wait(task, "I");
}

/* Which results are worth a line. */

static int is_restarted(long result) { return result <= -512 && result >= -516; }

static int is_usual(const struct task *task, long result) {
    long n = task->number;
    if (result == -EINTR || is_restarted(result)) return 1;
    if (n == __NR_futex || n == __NR_rt_sigtimedwait) return 1;
    if (result == -EAGAIN) return n != __NR_clone && n != __NR_clone3
#ifdef __NR_fork
        && n != __NR_fork && n != __NR_vfork
#endif
        && n != __NR_flock && n != __NR_fcntl && n != __NR_execve && n != __NR_setuid
        && n != __NR_setresuid && n != __NR_mlock;
    return result == -EINPROGRESS;
}

/* Whether only another task can end the call that a task is in. A call that takes a time to wait is
   not in here with one, nor is what nobody knows. */
static int is_endless(const struct task *task) {
    const long *arguments = task->arguments;
    int is_timed = 1;
    if (!task->inside || task->strange) return 0;
    switch (task->number) {
#ifdef __NR_open
    case __NR_open:
    case __NR_pause:
#endif
    case __NR_openat:
    case __NR_read:
    case __NR_readv:
    case __NR_recvfrom:
    case __NR_recvmsg:
    case __NR_accept:
    case __NR_accept4:
    case __NR_flock:
    case __NR_rt_sigsuspend: return 1;
    case __NR_fcntl: return arguments[1] == F_SETLKW || arguments[1] == F_OFD_SETLKW;
    case __NR_wait4: return !(arguments[2] & NOHANG);
    case __NR_waitid: return !(arguments[3] & NOHANG);
    case __NR_futex: is_timed = (arguments[1] & 0x7f) % 9 || arguments[3]; break; /* FUTEX_WAIT, FUTEX_WAIT_BITSET */
    case __NR_rt_sigtimedwait:
    case __NR_ppoll: is_timed = !!arguments[2]; break;
    case __NR_pselect6: is_timed = !!arguments[4]; break;
    case __NR_epoll_pwait: is_timed = (int)arguments[3] >= 0; break;
#ifdef __NR_poll
    case __NR_poll: is_timed = (int)arguments[2] >= 0; break;
    case __NR_select: is_timed = !!arguments[4]; break;
    case __NR_epoll_wait: is_timed = (int)arguments[3] >= 0; break;
#endif
    }
    return !is_timed;
}

static int is_stuck(void) {
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].id && !is_endless(&tasks[i])) return 0;
    return !may_wake;
}

static const int LIMITS[] = {SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD, SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW};

static void note_wakers(const struct task *task, long result) {
    switch (task->number) {
#ifdef __NR_alarm
    case __NR_alarm:
#endif
    case __NR_setitimer:
    case __NR_timer_settime:
    case __NR_timerfd_settime:
    case __NR_connect: may_wake |= !result || result == -EINPROGRESS; break;
    case __NR_setsockopt: /* a limit for the calls of a socket */
        for (size i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++)
            may_wake |= task->arguments[1] == SOL_SOCKET && task->arguments[2] == LIMITS[i];
    }
}

static void left(struct task *task, long result) {
    struct last *last = &task->last[task->calls++ % LAST];
    last->number = task->number;
    last->result = result;
    note_wakers(task, result);
    if (result == -EINTR || is_restarted(result)) tell_interrupted(task);
    if (task->number == __NR_close) forget(task->process, (int)task->arguments[0]);
    if (task->number == __NR_getsockopt && !result) { /* how a connection ended that took a while */
        int error = 0;
        if (task->arguments[1] == 1 && task->arguments[2] == 4)
            peek(task->id, task->arguments[3], &error, 4);
        if (error > 0) tell_call(task, "C", "connect", -error);
        return;
    }
    if (task->number == __NR_read && task->arguments[0] == 0 && result == 0) {
        tell_call(task, "C", 0, 0); /* the end of the standard input */
        return;
    }
    int failed = result < 0 && result >= -4095;
    if (has(task, "n")) tell_call(task, "C", "resolve", failed ? result : 0);
    else if (!failed && task->is_empty) return; /* an open file was asked about itself */
    else if (failed ? !is_usual(task, result) : task->known && task->known->kept)
        tell_call(task, "C", 0, failed ? result : result > 0 ? 1 : 0);
}

static void entered(struct task *task, const struct ptrace_syscall_info *info) {
    task->inside = 1;
    task->strange = info->arch != NATIVE;
    task->number = (long)info->entry.nr;
    for (int i = 0; i < 6; i++) task->arguments[i] = (long)info->entry.args[i];
    task->known = task->strange ? 0 : known(task->number);
    task->used = 0;
    task->is_empty = 0;
    task->since = now();
    if (task->known) read_arguments(task);
    if (!task->strange && (task->number == __NR_exit_group || task->number == __NR_exit)) tell_last(task);
    if (!task->strange && task->number == __NR_exit_group) {
        tell_stack(task, info->stack_pointer);
        tell_waits(task->process, task->id);
    }
}

static void stopped_at_call(struct task *task) {
    struct ptrace_syscall_info info;
    long n = ptrace(PTRACE_GET_SYSCALL_INFO, task->id, sizeof info, &info);
    if (n == -EIO || n == -EINVAL) blind("kernel", n);
    if (n <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        entered(task, &info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->inside) {
        task->inside = 0;
        left(task, (long)info.exit.rval);
    }
}

/* Processes come and go. */

static struct task *added(int id) {
    struct task *task = find(id);
    if (task) return task;
    task = find(0);
    if (!task) return 0;
    memset(task, 0, sizeof *task);
    task->id = id;
    task->process = (int)status_of(id, "Tgid:");
    if (!task->process) task->process = id;
    if (task->process == id && id != first) {
        long values[] = {id, status_of(id, "PPid:")};
        tell("N", values, 2);
    }
    return task;
}

/* A task that another one made: that may end before this one stops for the first time. It may even have
   ended already, as the stop of its maker can be told after its end; then nobody traces it any more. */
static void begun(int id) {
    if (status_of(id, "TracerPid:")) added(id);
}

/* The number that an event is about. */
static int message(const struct task *task) {
    unsigned long number = 0;
    ptrace(PTRACE_GETEVENTMSG, task->id, 0, &number);
    return (int)number;
}

static void executed(struct task *task) {
    int former = message(task);
    struct task *other = former && former != task->id ? find(former) : 0;
    if (other) { /* another thread than the first one did it, and takes its number */
        int id = task->id;
        *task = *other;
        task->id = id;
        other->id = 0;
    }
    tell_program(task);
}

/* No more stack: the fault is beside the stack pointer, and the lower of both is either further from
   the top of the first thread's stack than its limit allows, or in what guards another thread's,
   or below that: one function may put more on the stack than the guard is large.
   A pointer that went astray is beside its fault, too, but hardly ever there. */
static int out_of_stack(int id, long fault) {
    struct ptrace_syscall_info info;
    struct rlimit64 limit = {0, 0};
    struct maps maps;
    struct mapping map, guard = {0};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0) return 0;
    unsigned long address = (unsigned long)fault, pointer = info.stack_pointer;
    unsigned long low = address < pointer ? address : pointer;
    if ((address < pointer ? pointer - address : address - pointer) >= FRAME) return 0;
    CALL4(__NR_prlimit64, id, RLIMIT_STACK, 0, &limit);
    int is_out = 0;
    open_maps(&maps, id);
    while (next_mapping(&maps, &map)) {
        if (map.end <= low) continue;
        if (map.is_guard && (map.start <= low || map.start - low < FRAME)) {
            guard = map;
            continue;
        }
        if (map.is_stack) is_out = map.start > low && map.end - low + GROWTH > limit.rlim_cur;
        else if (map.start == guard.end && map.start - low < FRAME) is_out = OF_THREAD;
        break;
    }
    CALL1(__NR_close, maps.file);
    return is_out;
}

static void signalled(const struct task *task, int signal) {
    struct {
        int number, error, code, rest;
        union {
            struct {
                int sender, user;
            };
            long address;
        };
        char more[104];
    } info = {0};
    ptrace(PTRACE_GETSIGINFO, task->id, 0, &info);
    if (signal == CHLD) return;
    long values[] = {task->process, signal, info.code, info.code <= 0 ? info.sender : 0,
                     signal == SEGV && info.code > 0 ? out_of_stack(task->id, info.address) : 0};
    tell("S", values, 5);
}

static void ended(int id, int status) {
    struct task *task = find(id);
    int signal = status & 0x7f;
    if (task && task->inside && signal) tell_interrupted(task); /* SIGKILL comes without a return */
    if (task ? task->process == id : id == first) {
        if (task && signal) tell_last(task);
        long values[] = {id, signal ? 0 : status >> 8 & 0xff, signal};
        tell("X", values, 3);
    }
    if (task) task->id = 0;
    if (id == first) {
        save();
        quit(signal ? 128 + signal : status >> 8 & 0xff);
    }
}

static void stopped(int id, int status) {
    int signal = status >> 8 & 0xff, event = status >> 16;
    struct task *task = added(id);
    if (event == PTRACE_EVENT_STOP && signal != TRAP) { /* it is to stay stopped */
        ptrace(PTRACE_LISTEN, id, 0, 0);
        return;
    }
    int is_call = signal == (TRAP | 0x80);
    if (!task) { /* too many: it runs on, unwatched */
        may_wake = 1;
        ptrace(PTRACE_CONT, id, 0, (void *)(long)(is_call || event ? 0 : signal));
        return;
    }
    if (is_call) stopped_at_call(task);
    else if (event == PTRACE_EVENT_EXEC) executed(task);
    else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) begun(message(task));
    else if (!event) signalled(task, signal);
    ptrace(PTRACE_SYSCALL, id, 0, (void *)(long)(is_call || event ? 0 : signal));
}

static void out_of_time(void) {
    tell_waits(0, 0);
    tell("T", 0, 0);
    save();
    quit(STATUS_TIME); /* which kills all that it watches (PTRACE_O_EXITKILL) */
}

/* The start. */

static void execute(char **words, char **environment) {
    const char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char place[4096];
    long error = -ENOENT;
    for (size i = 0; words[0][i]; i++)
        if (words[0][i] == '/') quit(CALL3(__NR_execve, words[0], words, environment) == -ENOENT ? 127 : 126);
    for (char **variable = environment; *variable; variable++) {
        const char *is = "PATH=", *at = *variable;
        while (*is && *is == *at) is++, at++;
        if (!*is) path = at;
    }
    while (*path) {
        struct text to = {place, 0, sizeof place - 1};
        while (*path && *path != ':') put(&to, *path++);
        if (*path) path++;
        put(&to, '/');
        puts_(&to, words[0]);
        place[to.used] = 0;
        long refused = CALL3(__NR_execve, place, words, environment);
        if (refused != -ENOENT && refused != -ENOTDIR) error = refused;
    }
    quit(error == -ENOENT ? 127 : 126);
}

static void watch(long limit) {
    unsigned long every = ~0UL;
    long active = now();
    for (;;) {
        int status;
        long id = CALL4(__NR_wait4, -1, &status, WALL | NOHANG, 0);
        if (id > 0) {
            if ((status & 0xff) == 0x7f) stopped((int)id, status);
            else ended((int)id, status);
        } else if (id == -ECHILD) {
            save();
            quit(STATUS_BLIND);
        }
        long at = now(), rest = limit - (at - began);
        if (id > 0) active = at;
        long quiet = at - active;
        if (rest <= 0 || (quiet >= QUIET && is_stuck())) out_of_time();
        if (id > 0) continue;
        if (quiet < QUIET && rest > QUIET - quiet) rest = QUIET - quiet;
        struct {
            int number, error, code, more[29];
        } info;
        struct __kernel_timespec wait = {rest / 1000, rest % 1000 * 1000000};
        long signal = CALL4(__NR_rt_sigtimedwait, &every, &info, &wait, 8);
        /* As PID 1 it gets what is meant for the program; a terminal's signals reach both. */
        if (signal > 0 && signal != CHLD && info.code <= 0) CALL2(__NR_kill, first, signal);
    }
}

__attribute__((used)) void start(long *stack) {
    char **words = (char **)(stack + 1), **environment = words + stack[0] + 1;
    unsigned long every = ~0UL, before;
    int gate[2];
    long limit = 0;
    char go;
    if (stack[0] < 4) {
        static const char usage[] = "tracer RECORDS MILLISECONDS PROGRAM [ARGUMENT]...\n";
        write_all(2, usage, sizeof usage - 1);
        quit(STATUS_BLIND);
    }
    records = words[1];
    for (const char *digit = words[2]; *digit >= '0' && *digit <= '9'; digit++)
        limit = limit * 10 + *digit - '0';
    began = now();
    CALL4(__NR_rt_sigprocmask, 0, &every, &before, 8);
    if (CALL2(__NR_pipe2, gate, O_CLOEXEC)) blind("pipe", 0);
    first = (int)call(__NR_clone, CHLD, 0, 0, 0, 0, 0);
    if (first < 0) blind("fork", first);
    if (!first) {
        CALL1(__NR_close, gate[1]);
        CALL3(__NR_read, gate[0], &go, 1); /* until it is watched */
        CALL1(__NR_close, gate[0]);
        CALL4(__NR_rt_sigprocmask, 2, &before, 0, 8);
        execute(words + 3, environment);
    }
    long follow = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
        | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    long refused = ptrace(PTRACE_SEIZE, first, 0, (void *)follow);
    if (!refused) refused = ptrace(PTRACE_INTERRUPT, first, 0, 0);
    if (refused) {
        CALL2(__NR_kill, first, 9);
        blind("ptrace", refused);
    }
    CALL1(__NR_close, gate[0]);
    CALL1(__NR_close, gate[1]);
    watch(limit);
}
