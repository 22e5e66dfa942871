// Blocks: the same in memory, in a file-backed ring, and in a file. All numbers are little-endian.
#pragma once
#include <stdint.h>

#include "ftrace_words.h"

enum {
  FTRACE_BLOCK_MAGIC = 0x4B425446, // "FTBK"
  FTRACE_FILE_VERSION = 1,
  FTRACE_BLOCK_HEADER_BYTES = 64,
  FTRACE_BLOCK_MINIMUM = 4096,
  FTRACE_BLOCK_MAXIMUM = 1 << 20,
};

enum {
  FTRACE_BLOCK_EVENTS = 1,
  FTRACE_BLOCK_FILE = 2,    // the first block of a file
  FTRACE_BLOCK_WORKERS = 3, // entries of the table of workers
  FTRACE_BLOCK_NAMES = 4,
  FTRACE_BLOCK_CALIBRATION = 5,
};

/// The head of a block. `magic` is stored last when a block is opened, so that a block found with it has a whole head.
struct ftrace_block_header {
  uint32_t magic;
  uint32_t kind;
  uint32_t worker;   // whose events these are
  uint32_t used;     // bytes, with the head; 0 while the block is open: it ends at the first zero word
  uint64_t sequence; // counts from 1 in each worker's stream
  uint64_t clock;    // when the block was opened; its upper half holds for the words up to the first carry
  uint32_t epoch;    // of the code; it holds up to the first word of another
  int32_t tid;
  uint64_t lost[2];  // events of this worker lost before the block, of all causes, by end
  // Of events: bytes from the start of the block that were delivered elsewhere, 0: none. Of the table of workers: 1 in the last block of a
  // stream that was ended in order.
  uint64_t start;
};
_Static_assert(sizeof(struct ftrace_block_header) == FTRACE_BLOCK_HEADER_BYTES, "one line of the cache");

/// The number of the row that has the losses of workers without a row.
#define FTRACE_WORKER_OTHERS UINT32_MAX

/// A row of the table of workers: its counters are those that the worker itself counts by, so they survive it in a file.
struct ftrace_worker_entry {
  uint32_t worker; // its number, 0: the row is free
  int32_t tid;
  char name[15];
  uint8_t ended; // 1: the worker has ended, so no function of it is open behind its last event
  _Atomic(uint64_t) lost[FTRACE_LOST_CAUSES][2];
  _Atomic(uint64_t) unwound_overwritten; // frames in unwound records that were overwritten
};
_Static_assert(sizeof(struct ftrace_worker_entry) == 128, "two lines of the cache");

/// The first block of a file.
struct ftrace_file_header {
  struct ftrace_block_header block;
  uint32_t version;
  uint32_t block_bytes;
  uint32_t clock;
  uint32_t mode;
  uint64_t arena_base; // executable address of offset 0: a multiple of 4 GiB
  uint64_t code_end;   // of the arena
  uint64_t counter;    // the buffer's clock and CLOCK_MONOTONIC at one moment, when the file was begun
  uint64_t nanoseconds;
  uint64_t realtime;   // CLOCK_REALTIME then
  uint32_t process;
  uint32_t max_workers;
  // Of a file-backed ring, in this order after the head; 0 in a stream.
  uint32_t worker_blocks;
  uint32_t control_blocks;
  uint32_t pool_blocks;
  uint32_t reserved;
  char tracer[64];
};

/// A name in its block: followed by the bytes of the name and zeros. The first word is stored last: a record that has one is whole.
struct ftrace_name_record {
  uint32_t bytes; // a multiple of 8, with this head
  uint32_t epoch;
  uint64_t start; // offset in the arena
  uint64_t size;
};

/// Rows in a block of the table of workers.
static inline uint32_t ftrace_workers_in_block(uint32_t block_bytes) {
  return (block_bytes - FTRACE_BLOCK_HEADER_BYTES) / (uint32_t)sizeof(struct ftrace_worker_entry);
}
