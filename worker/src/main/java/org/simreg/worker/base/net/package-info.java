/**
 * The bounds of a process's incoming connections, on every port that it listens on. Read {@link
 * org.simreg.worker.base.net.ConnectionBound} first.
 */
package org.simreg.worker.base.net;
