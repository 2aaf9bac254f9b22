/**
 * The live page, served by HTTP beside metrics and health. Read {@link
 * org.simreg.coordinator.view.web.PageRoutes} first.
 */
package org.simreg.coordinator.view.web;
