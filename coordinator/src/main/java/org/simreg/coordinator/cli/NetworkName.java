package org.simreg.coordinator.cli;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.Iterator;
import org.simreg.proto.FieldText;
import org.simreg.proto.Network;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A network's name as people write it, for options that are not a job's. */
final class NetworkName implements ITypeConverter<Network>, Iterable<String> {
    private static final FieldDescriptor ANY =
            Teacher.getDescriptor().findFieldByNumber(Teacher.NETWORK_FIELD_NUMBER);

    @Override
    public Network convert(String text) {
        try {
            return Network.valueOf((EnumValueDescriptor) FieldText.parse(ANY, text));
        } catch (UserError e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    @Override
    public Iterator<String> iterator() {
        return ANY.getEnumType().getValues().stream().map(FieldText::kebab).iterator();
    }
}
