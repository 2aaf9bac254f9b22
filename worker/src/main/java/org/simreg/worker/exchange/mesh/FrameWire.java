package org.simreg.worker.exchange.mesh;

import java.util.function.Consumer;

/** A technology that carries frames between processes, in order and without a bound of its own. */
public interface FrameWire extends AutoCloseable {
    /** The receiver of the frames that come in. Called by threads that must not be kept waiting. */
    interface Inlet {
        /** Whether anybody here waits for such frames; if not, they may be thrown away unread. */
        boolean wants(FrameHeader header);

        /** Takes over the frame. */
        void arrived(Frame frame);

        /** Nothing more comes from this sender. */
        void lost(FrameHeader.Key key, int from, String why);
    }

    /** A connection to one process, for sending. */
    interface Link {
        /** Sends a frame; the payload is read before this returns. */
        void send(FrameHeader header, Frame.Payload payload);

        /** Ends it after what was sent. */
        void close();
    }

    /** How others reach this process; it doesn't change. */
    String address();

    /** Most bytes of a payload that it carries well. */
    int chunk();

    /** Lets frames in; called once, before any link is asked for. */
    void start(Inlet inlet);

    /**
     * Connects to another process; returns at once.
     *
     * @param address of the other process
     * @param broken told once why if what is sent doesn't arrive any more; on any thread
     */
    Link link(String address, Consumer<String> broken);

    @Override
    void close();
}
