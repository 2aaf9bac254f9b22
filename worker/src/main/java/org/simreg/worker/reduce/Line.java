package org.simreg.worker.reduce;

import java.util.Arrays;

/**
 * The links of one member of a circle to the others, for one use. It belongs to the thread it was
 * given: only {@link #arrived} and {@link #lost} are called by others.
 */
final class Line {
    /** Who it is for; called on the line's thread. */
    interface Receiver {
        /** A frame that is whole, in order and in time; the receiver takes it over. */
        void arrived(Frame frame);

        /** A peer can't be reached, or what it sends can't be trusted. Comes once or more. */
        void broken(String why);
    }

    private final Circle circle;
    private final Key key;
    private final OwnThread owner;
    private final Receiver receiver;
    private final Way[] ways;
    private Runnable whenIdle;
    private boolean broken;

    Line(Circle circle, Key.Use use, OwnThread owner, Receiver receiver) {
        this.circle = circle;
        key = Key.of(circle, use);
        this.owner = owner;
        this.receiver = receiver;
        ways = new Way[circle.peers().size()];
    }

    Key key() {
        return key;
    }

    /** Any thread: makes the links and asks every peer what it allows. */
    void connect(Wire wire, boolean open) {
        owner.post(
                () -> {
                    for (int rank = 0; rank < ways.length; rank++) {
                        if (rank != circle.rank()) {
                            ways[rank] = new Way(key, circle.rank(), link(wire, rank));
                            ways[rank].begin(open);
                        }
                    }
                });
    }

    private Wire.Link link(Wire wire, int rank) {
        String address = circle.peers().get(rank).address();
        return wire.link(address, why -> lost(rank, "can't be reached at " + address + ": " + why));
    }

    /** Lets frames of a peer come, if they weren't let in from the start. */
    void open(int rank) {
        ways[rank].open();
    }

    /** Sends as soon as the peer allows it, then runs {@code sent}. */
    void send(int rank, Head.Kind kind, Head.Place place, Payload payload, Runnable sent) {
        if (!broken) {
            ways[rank].send(kind, place, payload, sent);
        }
    }

    /** A frame isn't needed any more: gives its bytes back, and its sender a credit. */
    void done(Frame frame) {
        frame.release().run();
        if (!broken) {
            ways[frame.head().from()].consumed();
        }
    }

    /** Runs a task once everything is sent, or never will be. */
    void onceIdle(Runnable task) {
        whenIdle = task;
        runIfIdle();
    }

    private void runIfIdle() {
        if (whenIdle != null && Arrays.stream(ways).allMatch(way -> way == null || way.idle())) {
            Runnable task = whenIdle;
            whenIdle = null;
            task.run();
        }
    }

    /** Forgets what waits to be sent; nothing is sent from now on. */
    void stop() {
        broken = true;
        for (Way way : ways) {
            if (way != null) {
                way.clear();
            }
        }
        runIfIdle();
    }

    /** Any thread. */
    void arrived(Frame frame) {
        if (!owner.post(() -> accept(frame))) {
            frame.release().run();
        }
    }

    /** Any thread. */
    void lost(int rank, String why) {
        if (rank < ways.length) {
            owner.post(() -> breakOff(rank, why));
        }
    }

    /** Any thread: tells the peers that this process's lanes are closed. */
    void gone() {
        owner.post(
                () -> {
                    for (Way way : ways) {
                        if (way != null) {
                            way.gone();
                        }
                    }
                    receiver.broken("the lanes of this worker are closed");
                });
    }

    private void accept(Frame frame) {
        Head head = frame.head();
        int from = head.from();
        if (broken || from >= ways.length || ways[from] == null) {
            frame.release().run();
        } else if (!frame.intact()) {
            frame.release().run();
            breakOff(from, "sent a frame that was damaged on its way (CRC32C differs)");
        } else {
            switch (head.kind()) {
                case GRANT -> {
                    frame.release().run();
                    ways[from].allow(head.sequence(), head.place().slot() == 1);
                    runIfIdle();
                }
                case END -> frame.release().run();
                case GONE -> {
                    frame.release().run();
                    breakOff(from, "has closed its lanes");
                }
                default -> take(frame, ways[from]);
            }
        }
    }

    private void take(Frame frame, Way way) {
        if (way.follows(frame.head().sequence())) {
            receiver.arrived(frame);
        } else {
            frame.release().run();
            breakOff(frame.head().from(), "lost frames on the way, or sent more than allowed");
        }
    }

    /** What a peer sent can't be used. */
    void breakOff(int rank, String why) {
        receiver.broken("worker " + circle.peers().get(rank).worker() + " " + why);
    }

    /** Closes the links; the line's thread is gone or calls it. */
    void close() {
        for (Way way : ways) {
            if (way != null) {
                way.close();
            }
        }
    }
}
