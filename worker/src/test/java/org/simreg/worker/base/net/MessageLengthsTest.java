package org.simreg.worker.base.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MessageLengthsTest {
    private static final long MOST = 1000;

    private final AtomicLong unfinished = new AtomicLong();

    private EmbeddedChannel connection() {
        return new EmbeddedChannel(new MessageLengths(unfinished, MOST));
    }

    /** The beginning of a message: its length, and some of its bytes. */
    private static ByteBuf message(int length, int sent) {
        return Unpooled.buffer().writeInt(length).writeZero(sent);
    }

    @Test
    void wholeMessagesPassHoweverTheyAreCut() {
        EmbeddedChannel connection = connection();
        ByteBuf two = Unpooled.wrappedBuffer(message(900, 900), message(0, 0), message(700, 700));
        int all = two.readableBytes();
        while (two.isReadable()) {
            connection.writeInbound(two.readRetainedSlice(Math.min(7, two.readableBytes())));
        }
        int passed = 0;
        for (ByteBuf part = connection.readInbound(); part != null; part = connection.readInbound()) {
            passed += part.readableBytes();
            part.release();
        }
        assertEquals(all, passed);
        assertEquals(0, unfinished.get());
        assertTrue(connection.isOpen());
    }

    @Test
    void aLengthThatNobodySendsClosesTheConnection() {
        for (int length : new int[] {-1, Integer.MAX_VALUE, MessageLengths.LARGEST + 1}) {
            EmbeddedChannel connection = connection();
            connection.writeInbound(message(length, 10));
            assertFalse(connection.isOpen(), "length " + length);
        }
    }

    @Test
    void unfinishedMessagesOfAllConnectionsAreBounded() {
        EmbeddedChannel first = connection();
        first.writeInbound(message(5000, 800));
        EmbeddedChannel second = connection();
        second.writeInbound(message(5000, 800));
        assertFalse(second.isOpen());
        assertTrue(first.isOpen());
        assertEquals(800, unfinished.get());
        first.close();
        assertEquals(0, unfinished.get());
    }
}
