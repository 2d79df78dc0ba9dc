"""What people and machines read: values made by hand, texts held against golden files."""
