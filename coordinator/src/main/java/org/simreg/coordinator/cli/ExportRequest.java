package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.Network;
import org.simreg.worker.distill.Export.Format;

/**
 * A checkpoint's backbone to be written in other formats.
 *
 * @param checkpoint file to read
 * @param out folder that takes the files; made if absent
 * @param formats at least one
 * @param network whose weights the checkpoint holds; empty if the checkpoint says so itself
 * @param size height and width of the images that the written networks are traced with, pixels
 */
public record ExportRequest(
        Path checkpoint, Path out, Set<Format> formats, Optional<Network> network, int size) {}
