/** Banks: made, kept, placed, described. */
package org.simreg.coordinator.search.bank;
