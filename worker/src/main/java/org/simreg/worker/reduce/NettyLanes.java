package org.simreg.worker.reduce;

/**
 * Lanes over TCP connections of their own, with direct buffers: one connection a direction, peer
 * and use, made when a generation begins. Nothing is authenticated: the port belongs in a private
 * network.
 */
public final class NettyLanes implements Lanes {
    private final Switchboard switchboard;

    /**
     * @param host name or address of this machine, for listening and for others to connect to
     * @param port 0 for any
     * @throws org.simreg.proto.UserError if it can't listen there
     */
    public NettyLanes(String host, int port) {
        this(host, port, NettyWire.CHUNK);
    }

    /**
     * @param chunk most bytes of a payload
     */
    NettyLanes(String host, int port, int chunk) {
        switchboard = new Switchboard(new NettyWire(host, port, chunk));
    }

    @Override
    public String address() {
        return switchboard.address();
    }

    @Override
    public long refused() {
        return switchboard.refused();
    }

    @Override
    public long sent() {
        return switchboard.sent();
    }

    @Override
    public long received() {
        return switchboard.received();
    }

    @Override
    public Switchboard switchboard() {
        return switchboard;
    }

    @Override
    public void close() {
        switchboard.close();
    }
}
