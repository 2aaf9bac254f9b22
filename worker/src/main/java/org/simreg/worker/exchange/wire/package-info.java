/**
 * The two technologies that carry frames: TCP connections by Netty and the Vert.x event bus. Read
 * {@link org.simreg.worker.exchange.wire.NettyWire} first.
 */
package org.simreg.worker.exchange.wire;
