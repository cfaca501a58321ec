#include <string.h>

#include "net/wheelfile.h"

#define CODE_BITS 15
#define LENGTH_CODES 288
#define DISTANCE_CODES 30

/* A canonical code: how many codes of each length, and the symbols in the order of their codes. */
typedef struct code {
    uint16_t count[CODE_BITS + 1];
    uint16_t symbols[LENGTH_CODES];
} code;

typedef struct state {
    tfd_str in;
    size_t at;
    uint32_t bits; /* taken from in, lowest first */
    unsigned held; /* how many of them */
    uint8_t *out;
    size_t max, len;
    bool ended; /* more bits were asked for than there are */
} state;

static unsigned take_bits(state *s, unsigned n)
{
    uint32_t value;

    while (s->held < n) {
        if (s->at == s->in.len) {
            s->ended = true;
            return 0;
        }
        s->bits |= (uint32_t)(uint8_t)s->in.ptr[s->at++] << s->held;
        s->held += 8;
    }
    value = s->bits & ((1u << n) - 1u);
    s->bits >>= n;
    s->held -= n;
    return value;
}

/* lengths[i] is the length of symbol i's code, 0: it has none. false where the lengths claim more codes than
 * there are. */
static bool build_code(code *out, const uint8_t *lengths, size_t n)
{
    uint16_t next[CODE_BITS + 2];
    int left = 1;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out->count[lengths[i]]++;
    out->count[0] = 0;
    next[1] = 0;
    for (size_t bits = 1; bits <= CODE_BITS; bits++) {
        left = left * 2 - out->count[bits];
        if (left < 0)
            return false;
        next[bits + 1] = (uint16_t)(next[bits] + out->count[bits]);
    }
    for (size_t i = 0; i < n; i++)
        if (lengths[i])
            out->symbols[next[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* The next symbol, or -1. */
static int take_symbol(state *s, const code *from)
{
    int value = 0, first = 0, index = 0;

    for (size_t bits = 1; bits <= CODE_BITS; bits++) {
        int count = from->count[bits];

        value |= (int)take_bits(s, 1);
        if (s->ended)
            return -1;
        if (value - first < count)
            return from->symbols[index + value - first];
        index += count;
        first = (first + count) * 2;
        value *= 2;
    }
    return -1;
}

static tfd_status copy_match(state *s, int symbol, const code *distances)
{
    static const uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                             33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                             1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    size_t length, distance;
    int which;

    if (symbol >= 29)
        return TFD_EFORMAT;
    length = length_base[symbol] + take_bits(s, length_extra[symbol]);
    which = take_symbol(s, distances);
    if (which < 0 || which >= DISTANCE_CODES)
        return TFD_EFORMAT;
    distance = distance_base[which] + take_bits(s, which < 4 ? 0 : (unsigned)which / 2 - 1);
    if (s->ended || distance > s->len)
        return TFD_EFORMAT;
    if (length > s->max - s->len)
        return TFD_ELIMIT;
    for (; length > 0; length--, s->len++) /* they may overlap: byte by byte */
        s->out[s->len] = s->out[s->len - distance];
    return TFD_OK;
}

static tfd_status read_block(state *s, const code *lengths, const code *distances)
{
    tfd_status st = TFD_OK;

    while (st == TFD_OK) {
        int symbol = take_symbol(s, lengths);

        if (symbol < 0)
            return TFD_EFORMAT;
        if (symbol == 256)
            break;
        if (symbol > 256)
            st = copy_match(s, symbol - 257, distances);
        else if (s->len == s->max)
            st = TFD_ELIMIT;
        else
            s->out[s->len++] = (uint8_t)symbol;
    }
    return st;
}

static tfd_status read_stored(state *s)
{
    size_t len, check;

    s->bits = 0; /* what is left of the byte */
    s->held = 0;
    len = take_bits(s, 16);
    check = take_bits(s, 16);
    if (s->ended || len != (check ^ 0xffffu) || len > s->in.len - s->at)
        return TFD_EFORMAT;
    if (len > s->max - s->len)
        return TFD_ELIMIT;
    if (len > 0)
        memcpy(s->out + s->len, s->in.ptr + s->at, len);
    s->len += len;
    s->at += len;
    return TFD_OK;
}

static tfd_status read_fixed(state *s)
{
    uint8_t lengths[LENGTH_CODES], flat[DISTANCE_CODES];
    code literals, distances;

    for (size_t i = 0; i < LENGTH_CODES; i++)
        lengths[i] = (uint8_t)(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
    memset(flat, 5, sizeof flat);
    (void)build_code(&literals, lengths, LENGTH_CODES);
    (void)build_code(&distances, flat, DISTANCE_CODES);
    return read_block(s, &literals, &distances);
}

/* The lengths of both codes in one run, themselves coded. */
static bool read_lengths(state *s, const code *from, uint8_t *lengths, size_t n)
{
    for (size_t i = 0; i < n;) {
        int symbol = take_symbol(s, from);
        uint8_t value = 0;
        size_t times;

        if (symbol < 0)
            return false;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && i == 0)
            return false;
        if (symbol == 16)
            value = lengths[i - 1];
        times = symbol == 16   ? 3 + take_bits(s, 2)
                : symbol == 17 ? 3 + take_bits(s, 3)
                               : 11 + take_bits(s, 7);
        if (s->ended || times > n - i)
            return false;
        memset(lengths + i, value, times);
        i += times;
    }
    return true;
}

static tfd_status read_dynamic(state *s)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LENGTH_CODES + 32] = {0};
    size_t literal_count = take_bits(s, 5) + 257u, distance_count = take_bits(s, 5) + 1u;
    size_t count = take_bits(s, 4) + 4u;
    code literals, distances;

    if (literal_count > 286 || distance_count > DISTANCE_CODES)
        return TFD_EFORMAT;
    for (size_t i = 0; i < count; i++)
        lengths[order[i]] = (uint8_t)take_bits(s, 3);
    if (s->ended || !build_code(&literals, lengths, 19))
        return TFD_EFORMAT;
    memset(lengths, 0, sizeof lengths);
    if (!read_lengths(s, &literals, lengths, literal_count + distance_count) || lengths[256] == 0 ||
        !build_code(&literals, lengths, literal_count) ||
        !build_code(&distances, lengths + literal_count, distance_count))
        return TFD_EFORMAT;
    return read_block(s, &literals, &distances);
}

tfd_status tfd_inflate(tfd_str packed, uint8_t *out, size_t max, size_t *len)
{
    state s = {.in = packed, .out = out, .max = max};
    tfd_status st = TFD_OK;
    bool is_last = false;

    while (st == TFD_OK && !is_last) {
        unsigned kind;

        is_last = take_bits(&s, 1) == 1;
        kind = take_bits(&s, 2);
        if (s.ended)
            st = TFD_EFORMAT;
        else if (kind == 0)
            st = read_stored(&s);
        else if (kind == 1)
            st = read_fixed(&s);
        else
            st = kind == 2 ? read_dynamic(&s) : TFD_EFORMAT;
    }
    *len = s.len;
    return st;
}
