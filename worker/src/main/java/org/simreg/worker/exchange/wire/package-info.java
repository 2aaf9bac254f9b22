/** Two technologies that carry frames: Netty channels, Vert.x event bus. */
package org.simreg.worker.exchange.wire;
