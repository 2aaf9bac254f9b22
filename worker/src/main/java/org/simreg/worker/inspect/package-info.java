/**
 * What a file of weights holds: the networks in it under their prefixes, the heads by their keys
 * and shapes, the rest. What leaves this room is a {@link org.simreg.worker.inspect.Recognised}.
 */
package org.simreg.worker.inspect;
