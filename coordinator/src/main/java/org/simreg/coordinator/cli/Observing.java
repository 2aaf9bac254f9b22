package org.simreg.coordinator.cli;

import java.util.Optional;
import org.simreg.coordinator.client.Target;

/**
 * What a lasting process shows of itself.
 *
 * @param http where HTTP is served; empty: nowhere
 * @param jsonLog whether its log lines are JSON
 */
public record Observing(Optional<Target> http, boolean jsonLog) {}
