/** The live page and its routes. */
package org.simreg.coordinator.view.web;
