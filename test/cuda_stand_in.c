/* A stand-in for the CUDA driver, for machines without a GPU: what backends/cuda_device.py calls.
   Memory of the GPU is memory of the host. Stricter than the driver: every call needs a current
   context, and copies to the host are done when the stream is waited for, not before. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OK 0
#define INVALID_VALUE 1
#define OUT_OF_MEMORY 2
#define INVALID_CONTEXT 201

typedef struct { void *to; const void *from; size_t size; } Copy;

static __thread void *contexts[8];
static __thread int depth;
static Copy pending[16];
static int copies, streams, pieces, fails_with;
static size_t limit = SIZE_MAX;

/* For tests: what is taken, how much may be, with what the next wait fails. */
int stand_in_taken(void) { return pieces + streams; }
void stand_in_limit(size_t most) { limit = most; }
void stand_in_fail(int code) { fails_with = code; }
void *stand_in_current(void) { return depth ? contexts[depth - 1] : NULL; }

int cuInit(unsigned flags) { return flags ? INVALID_VALUE : OK; }

int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return ordinal < 0 || ordinal > 1 ? 101 : OK;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = (void *)(0x7f0000001000 + device); /* needs all 64 bits */
    return OK;
}

int cuCtxPushCurrent_v2(void *context) {
    if (!context || depth == 8)
        return INVALID_CONTEXT;
    contexts[depth++] = context;
    return OK;
}

int cuCtxPopCurrent_v2(void **context) {
    if (!depth)
        return INVALID_CONTEXT;
    *context = contexts[--depth];
    return OK;
}

static int taken(void **address, size_t size) {
    if (!depth)
        return INVALID_CONTEXT;
    if (size > limit)
        return OUT_OF_MEMORY;
    *address = malloc(size);
    memset(*address, 0xff, size); /* NaN */
    pieces++;
    return OK;
}

static int freed(void *address) {
    if (!depth)
        return INVALID_CONTEXT;
    free(address);
    pieces--;
    return OK;
}

int cuMemAlloc_v2(uint64_t *address, size_t size) {
    void *memory = NULL;
    int code = taken(&memory, size);
    *address = (uint64_t)(uintptr_t)memory;
    return code;
}

int cuMemFree_v2(uint64_t address) { return freed((void *)(uintptr_t)address); }

int cuMemHostAlloc(void **address, size_t size, unsigned flags) {
    return flags ? INVALID_VALUE : taken(address, size);
}

int cuMemFreeHost(void *address) { return freed(address); }

int cuStreamCreate(void **stream, unsigned flags) {
    if (!depth || flags != 1)
        return INVALID_CONTEXT;
    streams++;
    *stream = malloc(1);
    return OK;
}

int cuStreamDestroy_v2(void *stream) {
    streams--;
    free(stream);
    return OK;
}

int cuStreamSynchronize(void *stream) {
    int code = fails_with;
    if (!depth || !stream)
        return INVALID_CONTEXT;
    for (int i = 0; i < copies; i++)
        memcpy(pending[i].to, pending[i].from, pending[i].size);
    copies = fails_with = 0;
    return code;
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t size, void *stream) {
    if (!depth || !stream)
        return INVALID_CONTEXT;
    memcpy((void *)(uintptr_t)to, from, size);
    return OK;
}

int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) {
    if (!depth || !stream || copies == 16)
        return INVALID_CONTEXT;
    pending[copies++] = (Copy){to, (void *)(uintptr_t)from, size};
    return OK;
}

int cuGetErrorString(int code, const char **said) {
    *said = code == 700 ? "an illegal memory access was encountered" : NULL;
    return *said ? OK : INVALID_VALUE;
}
