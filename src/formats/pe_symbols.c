#include <string.h>

#include "formats/pe_parse.h"

/* ---- imported */

/* Takes a thunk apart; false if its name cannot be read. */
static bool read_thunk(tfd_reader *reader, const tfd_pe *pe, const tfd_pe_import *import, uint64_t thunk,
                       tfd_pe_symbol *out)
{
    uint64_t ordinal_flag = pe->bits == 64 ? (uint64_t)1 << 63 : (uint64_t)1 << 31;
    uint32_t rva = (uint32_t)thunk;
    tfd_cur cur;

    memset(out, 0, sizeof *out);
    if (thunk & ordinal_flag) {
        out->by_ordinal = true;
        out->ordinal = (uint32_t)(thunk & 0xffff);
        return true;
    }
    if (import->is_bound_by_address)
        rva = (uint32_t)(thunk - pe->image_base);
    if (!tfd_pe_view(reader, pe, rva, 2, &cur))
        return false;
    out->hint = tfd_cur_u16(&cur);
    return tfd_pe_string(reader, pe, rva + 2, &out->name);
}

tfd_status tfd_pe_each_symbol(tfd_reader *reader, const tfd_pe *pe, const tfd_pe_import *import,
                              tfd_pe_visit visit, void *ctx, tfd_err *err)
{
    uint32_t word = pe->bits == 64 ? 8 : 4;

    for (uint32_t i = 0; i < TFD_PE_SYMBOLS_MAX; i++) {
        tfd_pe_symbol symbol;
        uint64_t thunk;
        tfd_cur cur;

        if (!tfd_pe_view(reader, pe, import->thunks + i * word, word, &cur))
            return tfd_pe_bad_table(reader, err);
        thunk = word == 8 ? tfd_cur_u64(&cur) : tfd_cur_u32(&cur);
        if (thunk == 0)
            return TFD_OK;
        if (!read_thunk(reader, pe, import, thunk, &symbol))
            return tfd_pe_bad_table(reader, err);
        if (!visit(ctx, &symbol))
            return TFD_OK;
    }
    return tfd_err_set(err, TFD_ELIMIT, 0, "more than %u symbols imported of one DLL", TFD_PE_SYMBOLS_MAX);
}

/* ---- exported */

tfd_status tfd_pe_read_function(tfd_reader *reader, const tfd_pe *pe, uint32_t index, tfd_pe_export *out,
                                tfd_err *err)
{
    const tfd_pe_exports *e = &pe->exports;
    tfd_cur cur;

    if (index >= e->function_count)
        return tfd_err_set(err, TFD_ENOENT, 0, "not exported");
    if (!tfd_pe_view(reader, pe, e->functions + index * 4, 4, &cur))
        return tfd_pe_bad_table(reader, err);
    out->ordinal = e->base + index;
    out->rva = tfd_cur_u32(&cur);
    out->forwarder = TFD_STR("");
    if (out->rva == 0)
        return tfd_err_set(err, TFD_ENOENT, 0, "not exported");
    if (out->rva - e->rva < e->size && !tfd_pe_string(reader, pe, out->rva, &out->forwarder))
        return tfd_pe_bad_table(reader, err);
    return TFD_OK;
}

bool tfd_pe_name_at(tfd_reader *reader, const tfd_pe *pe, uint32_t row, tfd_str *out)
{
    tfd_cur cur;

    return tfd_pe_view(reader, pe, pe->exports.names + row * 4, 4, &cur) &&
           tfd_pe_string(reader, pe, tfd_cur_u32(&cur), out);
}

bool tfd_pe_rva_at(tfd_reader *reader, const tfd_pe *pe, uint32_t row, uint32_t *out)
{
    uint32_t index;
    tfd_cur cur;

    if (!tfd_pe_view(reader, pe, pe->exports.ordinals + row * 2, 2, &cur))
        return false;
    index = tfd_cur_u16(&cur);
    if (index >= pe->exports.function_count ||
        !tfd_pe_view(reader, pe, pe->exports.functions + index * 4, 4, &cur))
        return false;
    *out = tfd_cur_u32(&cur);
    return true;
}

/* Name of a row compared with the one looked for: as strcmp. false if it cannot be read. */
static bool compare_row(tfd_reader *reader, const tfd_pe *pe, uint32_t row, tfd_str name, int *order)
{
    tfd_str text;

    if (!tfd_pe_name_at(reader, pe, row, &text))
        return false;
    *order = tfd_str_cmp(text, name);
    return true;
}

/* Rows low … high - 1 that can hold the name, by steps that double, from a row near it. *row is set, and low
 * == high, where one of the rows tried is the one. */
static bool bracket(tfd_reader *reader, const tfd_pe *pe, tfd_str name, uint32_t near, uint32_t *low,
                    uint32_t *high, uint32_t *row)
{
    uint32_t count = pe->exports.name_count;
    uint32_t at = near < count ? near : count - 1;
    uint32_t step = 1;
    int first = 0;

    *low = 0;
    *high = count;
    for (;;) {
        int order;

        if (!compare_row(reader, pe, at, name, &order))
            return false;
        if (order == 0) {
            *row = at;
            *low = *high = at;
            return true;
        }
        if (order < 0)
            *low = at + 1;
        else
            *high = at;
        if (first == 0)
            first = order;
        if ((order < 0) != (first < 0) || *low >= *high)
            return true;
        at = order < 0 ? (step < *high - at ? at + step : *high - 1) : (step < at - *low ? at - step : *low);
        step *= 2;
    }
}

/* TFD_OK with *row, or TFD_ENOENT. */
static tfd_status find_row(tfd_reader *reader, const tfd_pe *pe, tfd_str name, uint32_t near, uint32_t *row,
                           tfd_err *err)
{
    uint32_t low, high;

    if (pe->exports.name_count == 0)
        return tfd_err_set(err, TFD_ENOENT, 0, "not exported");
    *row = UINT32_MAX;
    if (!bracket(reader, pe, name, near, &low, &high, row))
        return tfd_pe_bad_table(reader, err);
    while (*row == UINT32_MAX && low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order;

        if (!compare_row(reader, pe, middle, name, &order))
            return tfd_pe_bad_table(reader, err);
        if (order == 0)
            *row = middle;
        else if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return *row != UINT32_MAX ? TFD_OK : tfd_err_set(err, TFD_ENOENT, 0, "not exported");
}

tfd_status tfd_pe_export_find(tfd_reader *reader, const tfd_pe *pe, tfd_str name, uint32_t near,
                              tfd_pe_export *out, tfd_err *err)
{
    uint32_t row = 0;
    tfd_cur cur;
    tfd_status st = find_row(reader, pe, name, near, &row, err);

    memset(out, 0, sizeof *out);
    if (st != TFD_OK)
        return st;
    out->row = row;
    if (!tfd_pe_view(reader, pe, pe->exports.ordinals + row * 2, 2, &cur))
        return tfd_pe_bad_table(reader, err);
    return tfd_pe_read_function(reader, pe, tfd_cur_u16(&cur), out, err);
}

tfd_status tfd_pe_export_at(tfd_reader *reader, const tfd_pe *pe, uint32_t ordinal, tfd_pe_export *out,
                            tfd_err *err)
{
    memset(out, 0, sizeof *out);
    if (ordinal < pe->exports.base)
        return tfd_err_set(err, TFD_ENOENT, 0, "not exported");
    return tfd_pe_read_function(reader, pe, ordinal - pe->exports.base, out, err);
}

bool tfd_pe_forwarder_split(tfd_arena *arena, tfd_str forwarder, tfd_str *dll, tfd_str *name)
{
    size_t dot = tfd_str_rfind_char(forwarder, '.');

    if (dot == TFD_NPOS || dot == 0 || dot + 1 == forwarder.len)
        return false;
    *dll = tfd_str_sub(forwarder, 0, dot);
    *name = tfd_arena_str(arena, tfd_str_from(forwarder, dot + 1));
    /* LdrpLoadForwarderName: a name without a dot gets ".dll". */
    *dll = tfd_str_find_char(*dll, '.') == TFD_NPOS ? tfd_arena_fmt(arena, "%.*s.dll", TFD_ARG(*dll))
                                                    : tfd_arena_str(arena, *dll);
    return dll->ptr != NULL && name->ptr != NULL;
}
