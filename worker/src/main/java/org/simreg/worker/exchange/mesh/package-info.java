/**
 * The mesh of links between the members of a generation: frames with header and checksum, in order,
 * and credits that bound how many are under way. Read {@link
 * org.simreg.worker.exchange.mesh.PeerMesh} first, then {@code PeerLink} for the credits.
 */
package org.simreg.worker.exchange.mesh;
