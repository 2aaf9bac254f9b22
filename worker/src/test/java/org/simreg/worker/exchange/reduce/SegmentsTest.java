package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SegmentsTest {
    @Test
    void everyFloatIsInOneChunkOfOneMember() {
        for (int length = 0; length < 400; length++) {
            for (int members = 1; members <= 9; members++) {
                assertCovered(new Segments(length, members, 48));
            }
        }
    }

    private static void assertCovered(Segments segments) {
        int next = 0;
        int chunks = 0;
        for (int member = 0; member < segments.members(); member++) {
            assertTrue(segments.start(member) % 16 == 0 || segments.start(member) == segments.length());
            for (int chunk = 0; chunk < segments.chunks(member); chunk++, chunks++) {
                assertEquals(next, segments.start(member, chunk), segments.toString());
                assertEquals(chunk, segments.chunkAt(member, next));
                assertEquals(-1, segments.chunkAt(member, next + 1));
                next += segments.size(member, chunk);
            }
        }
        assertEquals(segments.length(), next);
        assertEquals(segments.chunks(), chunks);
    }

    @Test
    void aVectorNearTheLimitOfAnArrayDoesNotOverflow() {
        Segments segments = new Segments(Integer.MAX_VALUE - 8, 3, 65_520);
        assertEquals(segments.length(), segments.end(2));
        assertTrue(segments.start(1) < segments.start(2));
    }

    @Test
    void noPositionOfAnotherSegmentIsAChunk() {
        Segments segments = new Segments(96, 2, 16);
        assertEquals(-1, segments.chunkAt(1, 0));
        assertEquals(-1, segments.chunkAt(0, 48));
        assertEquals(-1, segments.chunkAt(1, -16));
        assertEquals(-1, segments.chunkAt(1, 96));
    }
}
