/** The processes: everything is put together here. */
package org.simreg.coordinator.node;
