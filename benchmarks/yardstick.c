/* The kernel's job by hand in C: what a compiler and a careful hand make of the same integers.

   plain:   one slot after the other, left to the compiler (gcc -O3 -march=native -ftree-vectorize).
   gather:  sixteen slots at once with AVX-512 intrinsics and hardware gathers.
   fetch:   thirty-two at once, table entries fetched one by one, dollars and truncated dollars in one word.

   All take and give what simdce/kernel/machine_code.py describes, for the five measures of job W2; the totals must be
   those of the kernel to the bit. The last two exist where the compiler has AVX-512. */
#include <stdint.h>
#include <string.h>

#define GAMMA 0x9E3779B97F4A7C15ULL
#define FIRST 0xBF58476D1CE4E5B9ULL
#define SECOND 0x94D049BB133111EBULL
#define MOST_YEARS 32
enum { DOLLARS, TRUNCATED, ABSENT, DEATHS, DEPARTURES, MEASURES };

typedef struct {
    const uint64_t *pairs; /* truncated dollars and, from bit shift, dollars; then nothing */
    const int32_t *costs;
    const uint32_t *classes;
    int64_t shift, years;
    uint32_t decedents, leave, drift, truncation, nothing;
} Tables;

typedef void Block(const uint64_t *keys, int64_t first, int64_t last, const Tables *t, uint64_t *totals);

static inline uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * FIRST;
    z = (z ^ (z >> 27)) * SECOND;
    return z ^ (z >> 31);
}

static void run(Block *block, const uint64_t *keys, int64_t worlds, const Tables *t, const int64_t *edges,
                int64_t segments, int64_t most, uint64_t *totals) {
    for (int64_t w = 0; w < worlds; w++, keys += t->years)
        for (int64_t s = 0; s < segments; s++, totals += MEASURES * t->years)
            for (int64_t first = edges[s]; first < edges[s + 1]; first += most)
                block(keys, first, first + most < edges[s + 1] ? first + most : edges[s + 1], t, totals);
}

/* Six years written out by the compiler, as in the plain loop of the kernel. */
static void plain_block(const uint64_t *keys, int64_t first, int64_t last, const Tables *t, uint64_t *totals) {
    enum { Y = 6 };
    const int32_t *restrict costs = t->costs;
    const uint32_t *restrict classes = t->classes;
    const uint32_t decedents = t->decedents, leave = t->leave, drift = t->drift, truncation = t->truncation;
    uint32_t sums[Y][MEASURES] = {{0}};
    for (int64_t slot = first; slot < last; slot++) {
        uint32_t person = 0, kind = 0;
#pragma GCC unroll 6
        for (int y = 0; y < Y; y++) {
            uint64_t word = mixed(keys[y] + (uint64_t)slot * GAMMA);
            uint32_t low = (uint32_t)word, high = (uint32_t)(word >> 32);
            uint32_t drawn = classes[(kind << 11) + ((high >> 6) & 2047)];
            person = kind == 3 ? person : drawn;
            uint32_t died = (((high & 63) << 8) | (low & 255)) < (person >> 17);
            float rank = (float)(int32_t)((low >> 8) | 1);
            uint32_t cell;
            memcpy(&cell, &rank, 4);
            uint32_t dollars = (uint32_t)costs[(person & 4095) + decedents * died + (cell >> 20) - (127 << 3)];
            uint32_t move = high >> 17, left = (1 - died) & (move < leave);
            kind = died | left ? 2 : move >= drift ? 3 : 1;
            sums[y][DOLLARS] += dollars;
            sums[y][TRUNCATED] += dollars < truncation ? dollars : truncation;
            sums[y][ABSENT] += died * (31 - ((move >> 10) & 30));
            sums[y][DEATHS] += died;
            sums[y][DEPARTURES] += left;
        }
    }
    for (int y = 0; y < Y; y++)
        for (int m = 0; m < MEASURES; m++) totals[y * MEASURES + m] += sums[y][m];
}

void plain(const uint64_t *keys, int64_t worlds, const Tables *t, const int64_t *edges, int64_t segments,
           int64_t most, uint64_t *totals) {
    run(plain_block, keys, worlds, t, edges, segments, most, totals);
}

#ifdef __AVX512DQ__
#include <immintrin.h>
#define ALL(n) _mm512_set1_epi32(n)
typedef __m512i V;

static inline V mixed8(V z) {
    z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 30)), _mm512_set1_epi64(FIRST));
    z = _mm512_mullo_epi64(_mm512_xor_si512(z, _mm512_srli_epi64(z, 27)), _mm512_set1_epi64(SECOND));
    return _mm512_xor_si512(z, _mm512_srli_epi64(z, 31));
}

/* Slots of the 64-bit lanes, so that one shuffle brings the low halves, and one the high, into order. */
static inline void words(uint64_t key, V even, V odd, V *low, V *high) {
    V a = mixed8(_mm512_add_epi64(_mm512_set1_epi64(key), even)), b = mixed8(_mm512_add_epi64(_mm512_set1_epi64(key), odd));
    *low = (V)_mm512_shuffle_ps((__m512)a, (__m512)b, 0x88);
    *high = (V)_mm512_shuffle_ps((__m512)a, (__m512)b, 0xDD);
}

typedef struct { V person, kind; __mmask16 due; } Held;

static inline void each(V index, uint64_t *place) {
    __m128i part[4] = {_mm512_castsi512_si128(index), _mm512_extracti32x4_epi32(index, 1),
                       _mm512_extracti32x4_epi32(index, 2), _mm512_extracti32x4_epi32(index, 3)};
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        uint64_t a = _mm_cvtsi128_si64(part[i]), b = _mm_extract_epi64(part[i], 1);
        place[4 * i] = (uint32_t)a, place[4 * i + 1] = a >> 32, place[4 * i + 2] = (uint32_t)b, place[4 * i + 3] = b >> 32;
    }
}

static inline V fetched(const uint32_t *table, V index) {
    uint64_t p[16];
    each(index, p);
    __m128i part[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        __m128i x = _mm_cvtsi32_si128(table[p[4 * i]]);
        x = _mm_insert_epi32(x, table[p[4 * i + 1]], 1);
        x = _mm_insert_epi32(x, table[p[4 * i + 2]], 2);
        part[i] = _mm_insert_epi32(x, table[p[4 * i + 3]], 3);
    }
    __m256i a = _mm256_inserti128_si256(_mm256_castsi128_si256(part[0]), part[1], 1);
    __m256i b = _mm256_inserti128_si256(_mm256_castsi128_si256(part[2]), part[3], 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
}

/* Who lives the year, where their cost stands, what is counted; moves them into the next. */
static inline V lived(V low, V high, Held *h, const Tables *t, int gather, V *counted) {
    V draw = _mm512_add_epi32(h->kind, _mm512_and_si512(_mm512_srli_epi32(high, 6), ALL(2047)));
    V drawn = gather ? _mm512_i32gather_epi32(draw, t->classes, 4) : fetched(t->classes, draw);
    h->person = _mm512_mask_mov_epi32(h->person, h->due, drawn);
    V fate = _mm512_or_si512(_mm512_and_si512(_mm512_slli_epi32(high, 8), ALL(0x3F00)), _mm512_and_si512(low, ALL(255)));
    __mmask16 died = _mm512_cmplt_epi32_mask(fate, _mm512_srli_epi32(h->person, 17));
    V rank = _mm512_or_si512(_mm512_srli_epi32(low, 8), ALL(1));
    V cost = _mm512_add_epi32(_mm512_srli_epi32((V)_mm512_cvtepi32_ps(rank), 20), _mm512_and_si512(h->person, ALL(4095)));
    cost = _mm512_mask_add_epi32(cost, died, cost, ALL(t->decedents));
    V move = _mm512_srli_epi32(high, 17);
    __mmask16 leaving = _mm512_cmplt_epi32_mask(move, ALL(t->leave)), gone = died | leaving;
    V late = _mm512_xor_si512(_mm512_and_si512(_mm512_srli_epi32(high, 9), ALL(30 << 18)), ALL(31 << 18 | 1));
    *counted = _mm512_mask_mov_epi32(_mm512_maskz_mov_epi32(leaving, ALL(1 << 9)), died, late);
    h->kind = _mm512_mask_mov_epi32(ALL(1 << 11), gone, ALL(2 << 11));
    h->due = gone | _mm512_cmplt_epi32_mask(move, ALL(t->drift));
    return cost;
}

static inline uint64_t total(V x) {
    return _mm512_reduce_add_epi64(_mm512_add_epi64(_mm512_and_si512(x, _mm512_set1_epi64(0xFFFFFFFF)), _mm512_srli_epi64(x, 32)));
}

static inline void count(V counts, uint64_t *totals) {
    totals[DEATHS] += total(_mm512_and_si512(counts, ALL(511)));
    totals[DEPARTURES] += total(_mm512_and_si512(_mm512_srli_epi32(counts, 9), ALL(511)));
    totals[ABSENT] += total(_mm512_srli_epi32(counts, 18));
}

static inline __attribute__((always_inline)) void vector_block(const uint64_t *keys, int64_t first, int64_t last,
                                                               const Tables *t, uint64_t *totals, int groups, int gather) {
    const V lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), gamma = _mm512_set1_epi64(GAMMA);
    const V even = _mm512_mullo_epi64(_mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0), gamma);
    const V odd = _mm512_mullo_epi64(_mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2), gamma);
    V counts[MOST_YEARS], dollars[MOST_YEARS], truncated[MOST_YEARS];
    uint64_t pairs[MOST_YEARS];
    for (int y = 0; y < t->years; y++) counts[y] = dollars[y] = truncated[y] = ALL(0), pairs[y] = 0;
    for (int64_t slot = first; slot < last; slot += 16 * groups) {
        Held h[2];
        V a[2], b[2];
        __mmask16 somebody[2];
#pragma GCC unroll 2
        for (int g = 0; g < groups; g++) {
            V start = _mm512_set1_epi64((uint64_t)(slot + 16 * g) * GAMMA);
            h[g] = (Held){ALL(0), ALL(0), 0xFFFF};
            a[g] = _mm512_add_epi64(even, start), b[g] = _mm512_add_epi64(odd, start);
            somebody[g] = _mm512_cmplt_epi32_mask(lanes, ALL((int)(last - slot - 16 * g)));
        }
        for (int y = 0; y < t->years; y++) {
            V low[2], high[2], counted[2], cost[2];
#pragma GCC unroll 2
            for (int g = 0; g < groups; g++) words(keys[y], a[g], b[g], &low[g], &high[g]);
#pragma GCC unroll 2
            for (int g = 0; g < groups; g++) {
                cost[g] = lived(low[g], high[g], &h[g], t, gather, &counted[g]);
                counts[y] = _mm512_mask_add_epi32(counts[y], somebody[g], counts[y], counted[g]);
            }
#pragma GCC unroll 2
            for (int g = 0; g < groups; g++)
                if (gather) {
                    V x = _mm512_mask_i32gather_epi32(ALL(0), somebody[g], cost[g], t->costs - (127 << 3), 4);
                    dollars[y] = _mm512_add_epi32(dollars[y], x);
                    truncated[y] = _mm512_add_epi32(truncated[y], _mm512_min_epu32(x, ALL(t->truncation)));
                } else {
                    uint64_t p[16];
                    each(_mm512_mask_mov_epi32(ALL(t->nothing + (127 << 3)), somebody[g], cost[g]), p);
#pragma GCC unroll 16
                    for (int i = 0; i < 16; i++) pairs[y] += (t->pairs - (127 << 3))[p[i]];
                }
        }
    }
    for (int y = 0; y < t->years; y++, totals += MEASURES) {
        count(counts[y], totals);
        totals[DOLLARS] += gather ? total(dollars[y]) : pairs[y] >> t->shift;
        totals[TRUNCATED] += gather ? total(truncated[y]) : pairs[y] & (((uint64_t)1 << t->shift) - 1);
    }
}

static void gather_block(const uint64_t *keys, int64_t first, int64_t last, const Tables *t, uint64_t *totals) {
    vector_block(keys, first, last, t, totals, 1, 1);
}

static void fetch_block(const uint64_t *keys, int64_t first, int64_t last, const Tables *t, uint64_t *totals) {
    vector_block(keys, first, last, t, totals, 2, 0);
}

void gather(const uint64_t *keys, int64_t worlds, const Tables *t, const int64_t *edges, int64_t segments,
            int64_t most, uint64_t *totals) {
    run(gather_block, keys, worlds, t, edges, segments, most, totals);
}

void fetch(const uint64_t *keys, int64_t worlds, const Tables *t, const int64_t *edges, int64_t segments,
           int64_t most, uint64_t *totals) {
    run(fetch_block, keys, worlds, t, edges, segments, most, totals);
}
#endif
