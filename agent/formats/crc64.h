/*
 * crc64.h - the checksum at the end of an RDB: CRC-64/Jones, reflected, start
 * 0, no final xor; "123456789" gives e9c6d914c4b8d9ca. By ISA-L.
 */
#ifndef FORMATS_CRC64_H
#define FORMATS_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc (0 at first) over size more bytes. */
uint64_t crc64_update(uint64_t crc, const void *bytes, size_t size);

#endif
