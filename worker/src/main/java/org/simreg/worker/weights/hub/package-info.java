/**
 * The names that other libraries have for the weights of known networks, replaced by ours. Read {@link
 * org.simreg.worker.weights.hub.HubNames} first.
 */
package org.simreg.worker.weights.hub;
