package org.simreg.worker.exchange.mesh;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * The transport of a process to its peers: routes frames to the meshes of the generations that go
 * on here, and counts bytes. One for a process and technology; safe for use by any thread.
 *
 * <p>A frame for no mesh is of a generation that is over, and is thrown away: nobody sends to one
 * that hasn't begun, because credits are given when it begins. A sender may have only a few frames
 * under way to a receiver, so a worker that hangs costs the others no memory.
 */
public final class PeerTransport implements AutoCloseable {
    private final FrameWire wire;
    private final Map<FrameHeader.Key, PeerMesh> meshes = new ConcurrentHashMap<>();
    private final LongAdder refused = new LongAdder();
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();

    /**
     * Starts the wire.
     *
     * @param wire closed with this
     */
    public PeerTransport(FrameWire wire) {
        this.wire = wire;
        wire.start(new Router());
    }

    /** How other workers reach this process; it doesn't change. */
    public String address() {
        return wire.address();
    }

    /** Most floats of a payload. */
    public int chunk() {
        return wire.chunk() / Float.BYTES;
    }

    /** Frames thrown away so far, because their generation wasn't going on here. */
    public long refused() {
        return refused.sum();
    }

    /** Bytes sent to other workers so far, headers of frames included. */
    public long sent() {
        return sent.sum();
    }

    /** Bytes taken from other workers so far, headers of frames included. */
    public long received() {
        return received.sum();
    }

    /**
     * Connects a mesh with its peers.
     *
     * @param letIn whether peers may send at once
     * @throws IllegalStateException if there is one of the same generation and use already
     */
    public void open(PeerMesh mesh, boolean letIn) {
        if (meshes.putIfAbsent(mesh.key(), mesh) != null) {
            throw new IllegalStateException("it has begun here already: " + mesh.key());
        }
        mesh.connect(this, letIn);
    }

    /** Ends a mesh whose thread has ended. */
    public void close(PeerMesh mesh) {
        meshes.remove(mesh.key(), mesh);
        mesh.close();
    }

    FrameWire.Link link(String address, Consumer<String> broken) {
        FrameWire.Link link = wire.link(address, broken);
        return new FrameWire.Link() {
            @Override
            public void send(FrameHeader header, Frame.Payload payload) {
                sent.add(header.frameBytes());
                link.send(header, payload);
            }

            @Override
            public void close() {
                link.close();
            }
        };
    }

    /** Frees everything; generations that still go on are abandoned, here and at their members. */
    @Override
    public void close() {
        meshes.values().forEach(PeerMesh::gone);
        wire.close();
    }

    /** The router of incoming frames: from the wire to the mesh that they are for. */
    private final class Router implements FrameWire.Inlet {
        @Override
        public boolean wants(FrameHeader header) {
            boolean wanted = meshes.containsKey(header.key());
            if (!wanted && header.kind().isData()) {
                refused.increment();
            }
            return wanted;
        }

        @Override
        public void arrived(Frame frame) {
            received.add(frame.header().frameBytes());
            PeerMesh mesh = meshes.get(frame.header().key());
            if (mesh == null) {
                frame.release().run();
            } else {
                mesh.arrived(frame);
            }
        }

        @Override
        public void lost(FrameHeader.Key key, int from, String why) {
            PeerMesh mesh = meshes.get(key);
            if (mesh != null) {
                mesh.lost(from, why);
            }
        }
    }
}
