package org.simreg.worker.reduce;

import java.util.function.Consumer;

/** A technology that carries frames between processes, in order and without a bound of its own. */
interface Wire extends AutoCloseable {
    /** Where frames come in. Called by threads that must not be kept. */
    interface Inlet {
        /** Whether anybody here waits for such frames; if not, they may be thrown away unread. */
        boolean wants(Head head);

        /** Takes over the frame. */
        void arrived(Frame frame);

        /** Nothing more comes from this sender. */
        void lost(Key key, int from, String why);
    }

    /** A way to one process. */
    interface Link {
        /** Sends a frame, read before this returns. */
        void send(Head head, Payload payload);

        /** Ends it after what was sent. */
        void close();
    }

    /** How others reach this process. */
    String address();

    /** Most bytes of a payload that it carries well. */
    int chunk();

    /** Lets frames in; called once, before any link is asked for. */
    void start(Inlet inlet);

    /**
     * @param broken told once why if what is sent doesn't arrive any more; on any thread
     */
    Link link(String address, Consumer<String> broken);

    @Override
    void close();
}
