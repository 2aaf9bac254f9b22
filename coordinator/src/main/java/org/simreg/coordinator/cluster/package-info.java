/**
 * The coordinator itself: who attends, which jobs there are, and the carrying out of what the
 * schedule decides. One thread owns all of it.
 */
package org.simreg.coordinator.cluster;
