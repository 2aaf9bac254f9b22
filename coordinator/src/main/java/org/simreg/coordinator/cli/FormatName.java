package org.simreg.coordinator.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.simreg.proto.Nearest;
import org.simreg.worker.distill.Export.Format;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A file format's name in lower case. */
final class FormatName implements ITypeConverter<Format>, Iterable<String> {
    private static final List<String> NAMES =
            Stream.of(Format.values()).map(f -> f.name().toLowerCase(Locale.ROOT)).toList();

    @Override
    public Format convert(String text) {
        int index = NAMES.indexOf(text.toLowerCase(Locale.ROOT));
        if (index < 0) {
            String list = "' is not one of " + String.join(", ", NAMES);
            throw new TypeConversionException("'" + text + list + Nearest.hint(text, NAMES));
        }
        return Format.values()[index];
    }

    @Override
    public Iterator<String> iterator() {
        return NAMES.iterator();
    }
}
